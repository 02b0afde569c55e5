/** Leftovers of a run in its process: open files and sockets, handles, and listeners on the process. */
import { readdirSync, readlinkSync } from 'node:fs'

export type Stock = Readonly<Record<string, number>>

/** Counts the present resources, by name. */
export function takeStock(): Stock {
  const stock: Record<string, number> = {}
  const count = (name: string, by = 1) => {
    stock[name] = (stock[name] ?? 0) + by
  }
  for (const resource of process.getActiveResourcesInfo()) count(resource)
  for (const event of process.eventNames())
    count(`listeners of the process' ${String(event)}`, process.listenerCount(event))
  for (const target of listOpenFiles()) count(`open ${nameTarget(target)}`)
  return stock
}

/** Describes the resources of which there are more than before. */
export function findLeftovers(before: Stock, after: Stock = takeStock()): string[] {
  return Object.entries(after).flatMap(([name, value]) => {
    const more = value - (before[name] ?? 0)
    return more > 0 ? [`${more} ${name}`] : []
  })
}

/** Waits at most `ms` milliseconds until there are no leftovers since `before`. Returns those that remain. */
export async function waitForNoLeftovers(before: Stock, ms = 10_000): Promise<string[]> {
  const end = performance.now() + ms
  while (findLeftovers(before).length > 0 && performance.now() < end) {
    await new Promise(resolve => setTimeout(resolve, 20))
  }
  return findLeftovers(before)
}

/** Lists the open files and sockets of the process by their targets; none if the system does not tell. */
function listOpenFiles(): string[] {
  const folder = '/proc/self/fd'
  try {
    return readdirSync(folder).flatMap(file => {
      const target = targetOf(`${folder}/${file}`)
      return target === undefined || spares.has(target) || isModule(target) ? [] : [target]
    })
  } catch {
    return []
  }
}

/**
 * Returns the name of a target without its number, or the random part of its folder: the sockets of a process
 * are counted together, and so are the scratch files of its workers.
 */
function nameTarget(target: string): string {
  return target.replace(/:\[\d+\]$/, '').replace(/(\/sallyport-)\w{6}(?=\/)/, '$1…')
}

/**
 * Files that libuv keeps open as a spare from the first server on. When it runs out of files, it closes the
 * spare to accept and close a connection, and then opens another.
 */
const spares = new Set(['/dev/null', '/'])

/**
 * Whether a file is a module. If a thread is ended while it loads a module, Node leaves that module's file
 * open.
 */
function isModule(path: string): boolean {
  return /\.([cm]?[jt]s|json)$/.test(path)
}

/**
 * Returns the target of a link; undefined for the descriptor that listed the folder, which is closed by now.
 */
function targetOf(link: string): string | undefined {
  try {
    return readlinkSync(link)
  } catch {
    return undefined
  }
}
