/** The processes of a race: begun, killed, stopped and replaced; their records are read at the end. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { RacerInit } from './racer.js'
import { parseRecord, type RaceEvent } from './record.js'

/** What all processes of a race have in common. */
export type RacersInit = Omit<RacerInit, 'record' | 'frontendId' | 'sidsBehind' | 'isLast'>

/** Numbers of sessions that one process may use. */
const sidsOfRacer = 1e9

export class Racers {
  readonly #folder: string
  #init: RacersInit
  readonly #records: string[] = []
  readonly running: ChildProcess[] = []

  constructor(folder: string, init: RacersInit) {
    this.#folder = folder
    this.#init = init
  }

  /** Tells all the time of the first round. */
  setBegin(begin: number): void {
    this.#init = { ...this.#init, begin }
    for (const racer of this.running) racer.send(begin)
  }

  /** Begins a process, again until it gets on: there may be no server now. Resolves to what it says first. */
  async begin(isLast = false): Promise<unknown> {
    for (;;) {
      const racer = this.#start(isLast)
      const said = await new Promise(resolve => {
        racer.once('message', resolve)
        racer.once('exit', () => resolve(undefined))
      })
      if (said !== undefined) return said
      this.#forget(racer)
    }
  }

  #start(isLast: boolean): ChildProcess {
    const number = this.#records.length + 1
    const record = join(this.#folder, `${number}.txt`)
    const init: RacerInit = {
      ...this.#init,
      record,
      frontendId: `racer-${number}`,
      sidsBehind: number * sidsOfRacer,
      isLast
    }
    const racer = fork(fileURLToPath(new URL('racer.js', import.meta.url)), [JSON.stringify(init)], {
      stdio: 'ignore'
    })
    this.#records.push(record)
    this.running.push(racer)
    return racer
  }

  /** Kills a process, and resolves when it has ended. */
  async kill(racer: ChildProcess): Promise<void> {
    this.#forget(racer)
    const ended = racer.exitCode === null && racer.signalCode === null ? once(racer, 'exit') : undefined
    racer.kill('SIGKILL')
    await ended
  }

  #forget(racer: ChildProcess): void {
    const index = this.running.indexOf(racer)
    if (index >= 0) this.running.splice(index, 1)
  }

  async killAll(): Promise<void> {
    await Promise.all([...this.running].map(racer => this.kill(racer)))
  }

  readRecords(): RaceEvent[][] {
    return this.#records.filter(path => existsSync(path)).map(path => parseRecord(readFileSync(path, 'utf8')))
  }
}
