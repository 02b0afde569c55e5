/** A log whose reader stops now and then, and whose disk is full now and then: what a gateway must live with. */
import { Writable } from 'node:stream'
import { LogDoor } from '../../gateway/telemetry/log-door.js'
import { Metrics } from '../../gateway/telemetry/metrics.js'

type Mood = 'reads' | 'stopped' | 'full'

export class StallingLog {
  /** The option `log` of a gateway. */
  readonly log: LogDoor
  /** Bytes that waited for the reader, at most. */
  mostWaiting = 0
  #mood: Mood = 'reads'
  #resume: (() => void) | undefined

  constructor() {
    const stream = new Writable({
      write: (_chunk, _encoding, done) => {
        this.mostWaiting = Math.max(this.mostWaiting, stream.writableLength)
        if (this.#mood === 'stopped') this.#resume = done
        // A stream that has failed stays whole, as stderr does.
        else if (this.#mood === 'full') done(Object.assign(new Error('no space left'), { code: 'ENOSPC' }))
        else done()
      },
      autoDestroy: false
    })
    this.log = new LogDoor({
      log: undefined,
      logLevel: 'debug',
      maxLogLinesPerSecond: 0,
      stream,
      metrics: new Metrics(),
      now: Date.now
    })
  }

  /** Its reader stops, its disk is full, all is well, and so on. */
  changeMood(): void {
    this.#set(next[this.#mood])
  }

  /** All is well again. */
  recover(): void {
    this.#set('reads')
  }

  #set(mood: Mood): void {
    this.#mood = mood
    const resume = this.#resume
    this.#resume = undefined
    resume?.()
  }
}

const next: Readonly<Record<Mood, Mood>> = { reads: 'stopped', stopped: 'full', full: 'reads' }
