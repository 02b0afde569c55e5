/** The number of files, sockets included, that the process can still open. */
import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs'
import { devNull } from 'node:os'

/**
 * Number of files that are reserved for other uses, such as those that handlers open, and for each worker,
 * which is replaced and opens many modules at once while it loads. At most a quarter of all is reserved.
 */
const reserved = { general: 64, each: 32 }

/**
 * Returns the number of sockets that the process can still open, less a reserve for other files. Undefined if
 * the system does not tell (only Linux does), or sets no limit.
 */
export function countFreeSockets(workers: number): number | undefined {
  try {
    const limit = Number(/^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1])
    const free = limit - readdirSync('/proc/self/fd').length
    return Number.isNaN(free) ? undefined : reserve(free, workers)
  } catch {
    return undefined
  }
}

/**
 * Throws the system's error (EMFILE, ENFILE) if `count` more files cannot be opened now. Called before steps
 * that would fail half way without these files, and would leak some of them.
 */
export function expectFreeFiles(count: number): void {
  const files: number[] = []
  try {
    while (files.length < count) files.push(openSync(devNull, 'r'))
  } finally {
    for (const file of files) closeSync(file)
  }
}

function reserve(free: number, workers: number): number {
  const wanted = reserved.general + reserved.each * workers
  return Math.max(1, free - Math.min(wanted, Math.floor(free / 4)))
}
