/**
 * The end of one worker: who causes it, why, and how long the game may take to stop. Owned by the worker;
 * whether the worker has ended already is said by its state (worker.ts).
 */
import { withTimeout } from '../../shared/with-timeout.js'
import type { Transport } from '../isolation/transport.js'
import type { Turn } from '../sessions/turn.js'
import { describeSilentEnd, findRunning, type WorkerDeath } from './worker-death.js'

/** Milliseconds for which the printed output of a worker without an onStop is waited for. */
const outputGrace = 500

/**
 * Who ends a worker. It is no part of the worker's state, since it is asked after the worker has ended.
 * - `itself`: nobody has ended it from outside
 * - `kill`: it was killed, as a fault would do, and counts as lost
 * - `gateway`: it was told to stop, and its end is expected
 */
export type WorkerEnder = 'itself' | 'kill' | 'gateway'

export interface WorkerEndingInit {
  readonly transport: Pick<Transport, 'running' | 'stop' | 'terminate'>
  readonly turns: Iterable<Turn>
  /** Milliseconds that the game's onStop may take. */
  readonly stopTimeout: number
  /** Called when the game's onStop took longer. */
  readonly onLateStop: () => void
}

export class WorkerEnding {
  /** What the worker said when it could not load, or what it ended of. */
  failure: string | undefined
  /** Whether the game has an onStop. A fact of the game's code: the worker's hello says it. */
  hasOnStop = false
  readonly #init: WorkerEndingInit
  #by: WorkerEnder = 'itself'
  /** The first explanation of the end, by the worker itself or by whoever killed it. */
  #death: WorkerDeath | undefined
  /** The end that `stop` brings. Later calls share it. */
  #stopped: Promise<void> | undefined

  constructor(init: WorkerEndingInit) {
    this.#init = init
  }

  get by(): WorkerEnder {
    return this.#by
  }

  /** Keeps why the worker ends, unless an explanation is known already. */
  explain(death: WorkerDeath): void {
    this.#death ??= death
  }

  /**
   * Returns why the worker ended: as explained, or else as concluded from `cause` and from what runs there.
   */
  describe(cause: Error): WorkerDeath {
    const { turns, transport } = this.#init
    return this.#death ?? describeSilentEnd(cause, findRunning(turns, transport.running))
  }

  /**
   * Kills the worker because its event loop has not turned for `ms`; blames the request that has the thread.
   */
  killStuck(ms: number): void {
    const { turns, transport } = this.#init
    const cause = `its event loop did not turn for ${ms} ms`
    this.explain({ ...findRunning(turns, transport.running), cause, detail: cause, stuckFor: ms })
    void this.kill()
  }

  /** Kills the worker without blame, since nobody can tell why it does not make progress. */
  killFor(cause: string): void {
    this.explain({ culprit: undefined, cause, detail: cause })
    this.failure ??= cause
    void this.kill()
  }

  /** Ends the worker at once, as a fault would. */
  kill(): Promise<void> {
    if (this.#by === 'itself') this.#by = 'kill'
    return this.#init.transport.terminate()
  }

  /** Ends the worker. `isLoaded`: code of the game runs there, so that the game is stopped first. */
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
  }
}
