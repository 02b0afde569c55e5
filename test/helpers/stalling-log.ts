/** A log whose reader or disk fails now and then. The reader stops, or the disk is full. */
import { Writable } from 'node:stream'
import { LogDoor } from '../../gateway/telemetry/log-door.js'
import { Metrics } from '../../gateway/telemetry/metrics.js'

type Mood = 'reads' | 'stopped' | 'full'

export class StallingLog {
  /** The option `log` of a gateway. */
  readonly log: LogDoor
  /** Greatest number of bytes that waited for the reader. */
  mostWaiting = 0
  #mood: Mood = 'reads'
  #resume: (() => void) | undefined

  constructor() {
    const stream = new Writable({
      write: (_chunk, _encoding, done) => {
        this.mostWaiting = Math.max(this.mostWaiting, stream.writableLength)
        if (this.#mood === 'stopped') this.#resume = done
        // The stream stays usable after an error, like stderr (`autoDestroy` is off).
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

  /** Goes to the next mood: the reader stops, then the disk is full, then all is well. */
  changeMood(): void {
    this.#set(next[this.#mood])
  }

  /** Lets the log work again. */
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
