/** A repeated step, which tells when it is due again, and never runs twice at a time. */
import type { Logger } from '../../../shared/text/log.js'

/** Milliseconds until the next step if one has failed. */
const waitAfterFailure = 1_000

export class Tick {
  readonly #step: () => Promise<number>
  readonly #log: Logger
  #timer: NodeJS.Timeout | undefined
  #running: Promise<void> | undefined
  #state: 'new' | 'idle' | 'running' | 'hurried' | 'ended' = 'new'

  constructor(step: () => Promise<number>, log: Logger) {
    this.#step = step
    this.#log = log
  }

  /** Begins with a step after `ms` milliseconds, unless it was ended before. */
  begin(ms: number): void {
    if (this.#state !== 'new') return
    this.#state = 'idle'
    this.#wait(ms)
  }

  /** Does the next step now; or once more, if a step is under way. */
  hurry(): void {
    if (this.#state === 'idle') this.#wait(0)
    else if (this.#state === 'running') this.#state = 'hurried'
  }

  /** Ends it. Resolves when the step that is under way is done. */
  async end(): Promise<void> {
    this.#state = 'ended'
    clearTimeout(this.#timer)
    await this.#running
  }

  #wait(ms: number): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      this.#running = this.#run()
    }, ms)
  }

  async #run(): Promise<void> {
    this.#state = 'running'
    let ms = waitAfterFailure
    try {
      ms = await this.#step()
    } catch (error) {
      this.#log.error('A step of the cluster has failed', { error })
    }
    const state = this.#readState()
    if (state === 'ended') return
    this.#state = 'idle'
    this.#wait(state === 'hurried' ? 0 : ms)
  }

  /** Reads the state, which others may have changed during a step. */
  #readState(): 'new' | 'idle' | 'running' | 'hurried' | 'ended' {
    return this.#state
  }
}
