/**
 * The rooms of the sources, the imports between them, and the table of allowed imports in ARCHITECTURE.md.
 */
import { dirname } from 'node:path'
import { readText, type Source } from './sources.js'

/** Folders whose sub-folders are rooms; the folder's own files are a room, too. */
export const houses = ['gateway', 'workers', 'shared', 'client', 'testing', 'tools']

/** An import of one file by another; both are paths relative to the project. */
export interface Edge {
  readonly path: string
  readonly from: string
}

/** Returns the imports between files of the project. */
export function listEdges(sources: readonly Source[], withTypes: boolean): Edge[] {
  const paths = new Set(sources.map(({ path }) => path))
  return sources.flatMap(({ path, imports }) =>
    imports
      .filter(({ from, isTypeOnly }) => paths.has(from) && (withTypes || !isTypeOnly))
      .map(({ from }) => ({ path, from }))
  )
}

/**
 * Finds the cycles of a graph: its strongly connected components of more than one node, and nodes that lead
 * to themselves (Tarjan's algorithm).
 */
export function findCycles(edges: readonly Edge[]): string[][] {
  const next = new Map<string, string[]>()
  for (const { path, from } of edges) next.set(path, [...(next.get(path) ?? []), from])
  const order = new Map<string, number>()
  const open: string[] = []
  const cycles: string[][] = []
  const visit = (node: string): number => {
    const own = order.size
    order.set(node, own)
    open.push(node)
    let low = own
    for (const other of next.get(node) ?? []) {
      if (!order.has(other)) low = Math.min(low, visit(other))
      else if (open.includes(other)) low = Math.min(low, order.get(other)!)
    }
    if (low < own) return low
    const component = open.splice(open.indexOf(node))
    if (component.length > 1 || next.get(node)?.includes(node) === true) cycles.push(component.sort())
    return low
  }
  for (const node of next.keys()) if (!order.has(node)) visit(node)
  return cycles
}

/** Returns the edges between rooms as `room → room`, each once, sorted. */
export function listRoomImports(edges: readonly Edge[]): string[] {
  const all = edges
    .map(({ path, from }) => [dirname(path), dirname(from)])
    .filter(([room, other]) => room !== other)
    .map(([room, other]) => `${room} → ${other}`)
  return [...new Set(all)].sort()
}

/** Returns the part of ARCHITECTURE.md between a heading of any level and the next one. */
export function readPart(heading: string): string {
  const [, rest] = readText('ARCHITECTURE.md').split(new RegExp(`^#+ ${heading}$`, 'm'))
  if (rest === undefined) throw new Error(`ARCHITECTURE.md has no heading "${heading}"`)
  return rest.split(/^#/m)[0]!
}

/**
 * Reads the imports that the table allows, as `room → room`, sorted. A row has a room, then the rooms that it
 * may import from its own house and from `shared/`. A short name stands for a room in the column's house.
 */
export function readAllowedImports(): string[] {
  const allowed: string[] = []
  for (const line of readPart('Which room may import which').split('\n')) {
    const cells = line.split('|').map(cell => [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name!))
    const [, [room] = [], own = [], shared = []] = cells
    if (room === undefined) continue
    const house = room.split('/')[0]!
    for (const name of own) allowed.push(`${room} → ${complete(name, house)}`)
    for (const name of shared) allowed.push(`${room} → ${complete(name, 'shared')}`)
  }
  return allowed.sort()
}

function complete(name: string, house: string): string {
  return name.includes('/') || houses.includes(name) ? name : `${house}/${name}`
}
