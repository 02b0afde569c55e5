/**
 * The end of one worker: its cause, its explanation, and the time that the game has to stop. Owned by the
 * worker, whose state tells whether it has ended already (worker.ts).
 */
import { withTimeout } from '../../shared/with-timeout.js'
import { closingGrace, type Transport } from '../isolation/transport.js'
import type { Turn } from '../sessions/turn.js'
import { describeSilentEnd, findRunning, type WorkerDeath } from './worker-death.js'

/** Maximum milliseconds to wait for the printed output of a worker without an onStop. */
const outputGrace = 500

/**
 * The cause of a worker's end. Kept apart from the worker's state, because it is read after the worker has
 * ended.
 * - `itself`: it was not ended from outside
 * - `kill`: it was killed, as a fault would do, and counts as lost
 * - `gateway`: it was told to stop, and its end is expected
 */
export type WorkerEnder = 'itself' | 'kill' | 'gateway'

export interface WorkerEndingInit {
  readonly transport: Pick<Transport, 'running' | 'stop' | 'terminate'>
  readonly turns: Iterable<Turn>
  /** Milliseconds that the game's onStop may take. */
  readonly stopTimeout: number
  /** Called when the game's onStop has taken longer than `stopTimeout`. */
  readonly onLateStop: () => void
}

export class WorkerEnding {
  /** The reason that the worker gave when it could not load, or for which it was killed. */
  failure: string | undefined
  /** Whether the game has an onStop, as the worker's hello tells. */
  hasOnStop = false
  readonly #init: WorkerEndingInit
  #by: WorkerEnder = 'itself'
  /**
   * The first explanation of the end, from the worker itself or from the part of the gateway that killed it.
   */
  #death: WorkerDeath | undefined
  #told: WorkerDeath | undefined
  /** Settles when the first call of `stop` is done. Later calls share it. */
  #stopped: Promise<void> | undefined
  readonly #ended: Promise<void>
  /** Tells that the worker has ended, with all of its messages applied. */
  readonly done: () => void

  constructor(init: WorkerEndingInit) {
    this.#init = init
    let done = () => {}
    this.#ended = new Promise(resolve => (done = resolve))
    this.done = done
  }

  get by(): WorkerEnder {
    return this.#by
  }

  /** What the worker itself has told of its end; undefined: nothing. */
  get told(): WorkerDeath | undefined {
    return this.#told
  }

  /** Records what the worker tells of its end. */
  tell(death: WorkerDeath): void {
    this.#told ??= death
    this.explain(death)
  }

  /** Returns why the worker did not come up, for whoever starts the gateway. */
  describeFailure(cause: Error): string {
    if (this.failure !== undefined) return this.failure
    return this.#told === undefined
      ? cause.message
      : `${this.#told.cause} during the start: ${this.#told.detail}`
  }

  /** Records why the worker ends. The first explanation counts. */
  explain(death: WorkerDeath): void {
    this.#death ??= death
  }

  /**
   * Returns why the worker ended: the recorded explanation, or else a conclusion from `cause` and the running
   * requests.
   */
  describe(cause: Error): WorkerDeath {
    const { turns, transport } = this.#init
    return this.#death ?? describeSilentEnd(cause, findRunning(turns, transport.running))
  }

  /**
   * Kills the worker because its event loop has not turned for `ms` milliseconds. Blames the request that
   * occupies the thread.
   */
  killStuck(ms: number): void {
    const { turns, transport } = this.#init
    const cause = `its event loop did not turn for ${ms} ms`
    const running = findRunning(turns, transport.running)
    this.explain({ ...running, cause, detail: cause, stuckFor: ms, counter: 'workersStuck' })
    void this.kill()
  }

  /**
   * Kills the worker without blaming a request, since it is not known which request, if any, is at fault.
   * `cause` is for the log. `isMute`: it took no requests.
   */
  killFor(cause: string, isMute = false): void {
    this.explain({ culprit: undefined, cause, detail: cause, ...(isMute && { counter: 'workersMute' }) })
    this.failure ??= cause
    void this.kill()
  }

  /** Ends the worker at once, as a fault would. */
  kill(): Promise<void> {
    if (this.#by === 'itself') this.#by = 'kill'
    return this.#init.transport.terminate()
  }

  /**
   * Ends the worker, and resolves when it has ended. `isLoaded` tells whether code of the game runs there; if
   * so, stops the game first.
   */
  stop(isLoaded: boolean): Promise<void> {
    this.#by = 'gateway'
    this.#stopped ??= this.#stop(isLoaded)
    return this.#stopped
  }

  async #stop(isLoaded: boolean): Promise<void> {
    const { transport, stopTimeout, onLateStop } = this.#init
    if (isLoaded) {
      const limit = this.hasOnStop ? stopTimeout : Math.min(stopTimeout, outputGrace)
      const isDone = await withTimeout(limit, transport.stop())
      if (!isDone && this.hasOnStop) onLateStop()
    }
    await transport.terminate()
    // Its last messages may still be read, and a process that the kernel holds ends later.
    await withTimeout(closingGrace, this.#ended)
  }
}
