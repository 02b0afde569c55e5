/** What the system knows of a process and all that it has started: their CPU time and their memory. Linux tells it. */
import { readdirSync, readFileSync } from 'node:fs'

/** Linux counts CPU time for other processes in hundredths of a second, whatever its own clock does. */
const microsPerTick = 10_000

interface Stat {
  readonly pid: number
  readonly parent: number
  /** Microseconds, of all threads, those that have ended too. */
  readonly cpu: number
}

/** That process and its descendants, which are there now. Empty where the system does not say. */
export function findTree(root: number): number[] {
  const all = listProcesses().flatMap(pid => readStat(pid) ?? [])
  const tree = all.filter(({ pid }) => pid === root).map(({ pid }) => pid)
  // Grows while it is walked.
  for (const pid of tree) tree.push(...all.filter(({ parent }) => parent === pid).map(child => child.pid))
  return tree
}

/** Microseconds of CPU that these have used; null where the system does not say. */
export function readCpu(pids: readonly number[]): number | null {
  return sum(pids, pid => readStat(pid)?.cpu)
}

/** Bytes of memory that these have resident: what they share counts for each. */
export function readRss(pids: readonly number[]): number | null {
  return sum(pids, pid => {
    const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFile(`/proc/${pid}/status`) ?? '')?.[1]
    return kibibytes === undefined ? undefined : Number(kibibytes) * 1024
  })
}

function sum(pids: readonly number[], read: (pid: number) => number | undefined): number | null {
  const values = pids.flatMap(pid => read(pid) ?? [])
  return values.length === 0 ? null : values.reduce((all, each) => all + each)
}

/** Its name, in parentheses, may hold anything; what follows it are numbers, but for a letter. */
function readStat(pid: number): Stat | undefined {
  const text = readFile(`/proc/${pid}/stat`)
  if (text === undefined) return undefined
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  const [parent, user, system] = [fields[1], fields[11], fields[12]].map(Number) as [number, number, number]
  return { pid, parent, cpu: (user + system) * microsPerTick }
}

function listProcesses(): number[] {
  try {
    return readdirSync('/proc')
      .filter(name => /^\d+$/.test(name))
      .map(Number)
  } catch {
    return []
  }
}

/** undefined: there is no such file, or no such process any more. */
function readFile(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
