/** CPU time and memory of a process and its descendants, as the system reports them; Linux only. */
import { readdirSync, readFileSync } from 'node:fs'

/**
 * Clock ticks in a second: Linux reports CPU time of other processes in hundredths of a second, whatever its
 * own clock does.
 */
const microsPerTick = 10_000

interface Stat {
  readonly pid: number
  readonly parent: number
  /** Microseconds of all threads, including those that have ended. */
  readonly cpu: number
}

/** Returns that process and its present descendants. Empty where the system does not tell. */
export function findTree(root: number): number[] {
  const all = listProcesses().flatMap(pid => readStat(pid) ?? [])
  const tree = all.filter(({ pid }) => pid === root).map(({ pid }) => pid)
  // The list grows while it is iterated.
  for (const pid of tree) tree.push(...all.filter(({ parent }) => parent === pid).map(child => child.pid))
  return tree
}

/** Returns the microseconds of CPU that these processes used; null where the system does not tell. */
export function readCpu(pids: readonly number[]): number | null {
  return sum(pids, pid => readStat(pid)?.cpu)
}

/** Returns the resident bytes of these processes; shared memory counts for each. */
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

/**
 * Reads a process' entry in /proc. The process' name in it, in parentheses, may contain anything; only
 * numbers and one letter follow.
 */
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

/** Reads a file; undefined: there is no such file or process. */
function readFile(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
