/**
 * The record of a race: lines that each process writes to a file of its own, at once, so that a kill loses
 * none. All times are of one clock, which all processes of the machine share.
 */
import { openSync, writeSync } from 'node:fs'

/** Milliseconds of the machine's monotonic clock. */
export function sharedClock(): number {
  return Number(process.hrtime.bigint()) / 1e6
}

/**
 * What a process has recorded. `lease`: its lease ends at `until`. `bound`, `end`: a session has a user, and
 * has no longer. `outcome`: how a bind of a round has ended.
 */
export type RaceEvent =
  | { readonly at: number; readonly kind: 'lease'; readonly until: number }
  | { readonly at: number; readonly kind: 'bound' | 'end'; readonly sid: number; readonly uid: string }
  | { readonly at: number; readonly kind: 'outcome'; readonly round: number; readonly how: string }

export class Recorder {
  readonly #file: number

  constructor(path: string) {
    this.#file = openSync(path, 'a')
  }

  lease(until: number): void {
    this.#write(`lease ${until.toFixed(3)}`)
  }

  bound(sid: number, uid: string): void {
    this.#write(`bound ${sid} ${uid}`)
  }

  end(sid: number, uid: string): void {
    this.#write(`end ${sid} ${uid}`)
  }

  outcome(round: number, how: string): void {
    this.#write(`outcome ${round} ${how}`)
  }

  #write(text: string): void {
    writeSync(this.#file, `${sharedClock().toFixed(3)} ${text}\n`)
  }
}

/** Reads a record. A last line that was cut by a kill is left out. */
export function parseRecord(text: string): RaceEvent[] {
  return text.split('\n').slice(0, -1).map(parseLine)
}

function parseLine(line: string): RaceEvent {
  const [time, kind, first = '', second = ''] = line.split(' ')
  const at = Number(time)
  switch (kind) {
    case 'lease':
      return { at, kind, until: Number(first) }
    case 'bound':
    case 'end':
      return { at, kind, sid: Number(first), uid: second }
    case 'outcome':
      return { at, kind, round: Number(first), how: second }
    default:
      throw new Error(`A record with an unknown line: ${line}`)
  }
}
