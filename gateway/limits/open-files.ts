/**
 * How many files a process may have open, sockets among them, and what of that is left: where the system says
 * so.
 */
import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs'
import { devNull } from 'node:os'

/** Files that are left to others at most: to workers that are replaced, and to what handlers open. */
const longestReserve = 64

/**
 * Sockets that a process can have beside what it has open now, with some files left for others. Undefined
 * where the system does not say (only Linux does), or sets no limit.
 */
export function countFreeSockets(): number | undefined {
  try {
    const limit = Number(/^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1])
    const free = limit - readdirSync('/proc/self/fd').length
    return Number.isNaN(free) ? undefined : reserve(free)
  } catch {
    return undefined
  }
}

/**
 * Throws the system's error (EMFILE, ENFILE) where so many more files can't be had at this moment. For what
 * would fail half way without them, and lose some for good.
 */
export function expectFreeFiles(count: number): void {
  const files: number[] = []
  try {
    while (files.length < count) files.push(openSync(devNull, 'r'))
  } finally {
    for (const file of files) closeSync(file)
  }
}

function reserve(free: number): number {
  return Math.max(1, free - Math.min(longestReserve, Math.floor(free / 4)))
}
