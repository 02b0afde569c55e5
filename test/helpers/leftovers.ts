/** What a run has left in its process: files and sockets that are open, handles, listeners on the process. */
import { readdirSync, readlinkSync } from 'node:fs'

export type Stock = Readonly<Record<string, number>>

/** What there is now, by name. */
export function takeStock(): Stock {
  const stock: Record<string, number> = {}
  const count = (name: string, by = 1) => {
    stock[name] = (stock[name] ?? 0) + by
  }
  for (const resource of process.getActiveResourcesInfo()) count(resource)
  for (const event of process.eventNames())
    count(`listeners of the process' ${String(event)}`, process.listenerCount(event))
  const files = countFiles()
  if (files !== undefined) count('open files', files)
  return stock
}

/** What there is more of than there was, in words. */
export function findLeftovers(before: Stock, after: Stock = takeStock()): string[] {
  return Object.entries(after).flatMap(([name, value]) => {
    const more = value - (before[name] ?? 0)
    return more > 0 ? [`${more} ${name}`] : []
  })
}

/** Waits until nothing is left over that was not there `before`, for a while; returns what is. */
export async function waitForNoLeftovers(before: Stock, ms = 10_000): Promise<string[]> {
  const end = performance.now() + ms
  while (findLeftovers(before).length > 0 && performance.now() < end) {
    await new Promise(resolve => setTimeout(resolve, 20))
  }
  return findLeftovers(before)
}

/** Files, sockets and the like that the process holds; undefined where the system does not say. */
function countFiles(): number | undefined {
  const folder = '/proc/self/fd'
  try {
    return readdirSync(folder).filter(file => !spares.has(targetOf(`${folder}/${file}`))).length
  } catch {
    return undefined
  }
}

/**
 * What libuv keeps open for itself, from the first server on: it gives it up to close what it can't accept, and takes
 * another in its place.
 */
const spares = new Set<string | undefined>(['/dev/null', '/'])

/** undefined: that of the look itself, which is gone by now. */
function targetOf(link: string): string | undefined {
  try {
    return readlinkSync(link)
  } catch {
    return undefined
  }
}
