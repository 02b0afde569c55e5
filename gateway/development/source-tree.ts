/**
 * The files and folders below a handlers' folder that count as sources of the game.
 * A saved file of another kind, such as a database or an editor's swap file, reloads nothing.
 */
import { type Dirent, readdirSync, readFileSync, realpathSync, type Stats, statSync } from 'node:fs'
import { basename, join } from 'node:path'

export interface SourceTree {
  readonly files: readonly string[]
  /** Paths of the same files without symbolic links, under which Node loads them. */
  readonly realFiles: readonly string[]
  /** Symbolic links, to files and to folders: what they point to may be exchanged. */
  readonly links: readonly string[]
}

/** Whether a file of this name may be a source. Tests and declarations are not loaded. */
export function isSource(path: string): boolean {
  const name = basename(path)
  return (
    /\.([mc]?[jt]s|[jt]sx|json|wasm|node)$/.test(name) &&
    !/\.(?:test|spec)(?:-d)?\.\w+$|\.d\.(?:\w+\.)?[mc]?ts$|^[.#]/i.test(name)
  )
}

/** Whether a folder of this name is never looked into. */
export function isSkippedFolder(name: string): boolean {
  return name === 'node_modules' || name === '__tests__' || name.startsWith('.')
}

/** Lists the sources in a folder and the folders in it. Follows links, but enters each folder once. */
export function listSources(folder: string): SourceTree {
  const files: string[] = []
  const realFiles: string[] = []
  const links: string[] = []
  const entered = new Set<string>()
  const enter = (path: string) => {
    const real = realPathOf(path)
    if (real === undefined || entered.has(real)) return
    entered.add(real)
    for (const entry of readEntries(path)) {
      const child = join(path, entry.name)
      const isLink = entry.isSymbolicLink()
      if (entry.isDirectory() || (isLink && isFolder(child))) {
        if (isSkippedFolder(entry.name)) continue
        enter(child)
      } else if (isSource(child)) {
        files.push(child)
        realFiles.push((isLink ? realPathOf(child) : undefined) ?? join(real, entry.name))
      } else continue
      if (isLink) links.push(child)
    }
  }
  enter(folder)
  return { files, realFiles, links }
}

/** Returns the path without symbolic links; undefined if it does not exist. */
export function realPathOf(path: string): string | undefined {
  try {
    return realpathSync.native(path)
  } catch {
    return undefined
  }
}

/** Returns what is at a path; undefined if nothing is there, or it can't be read. */
export function statOf(path: string): Stats | undefined {
  try {
    return statSync(path)
  } catch {
    return undefined
  }
}

function readEntries(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
  } catch {
    return []
  }
}

function isFolder(path: string): boolean {
  return statOf(path)?.isDirectory() === true
}

/** Returns the text of a file; undefined if it can't be read. */
export function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
