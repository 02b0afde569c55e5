/**
 * The host's hooks, onStart and onStop: each is called once, with the gateway.
 *
 *   new ──▶ started ──▶ stopped
 */
import { withTimeout } from '../../shared/with-timeout.js'
import type { ResolvedOptions } from '../options/options.js'

export type HostHooksInit = Pick<ResolvedOptions, 'onStart' | 'onStop' | 'closeTimeout' | 'log'>

export class HostHooks {
  readonly #init: HostHooksInit
  #state: 'new' | 'started' | 'stopped' = 'new'
  /** Settles when onStart has ended, and never rejects. */
  #starting: Promise<void> = Promise.resolve()

  constructor(init: HostHooksInit) {
    this.#init = init
  }

  /**
   * Calls onStart. Logs its error, and rejects with it. `gateway`: the Gateway, whose class this room does
   * not know.
   */
  async start(gateway: object): Promise<void> {
    if (this.#state !== 'new') return
    this.#state = 'started'
    const started = (async () => this.#init.onStart?.(gateway as never))()
    this.#starting = started.catch(() => {})
    try {
      await started
    } catch (error) {
      this.#init.log.error('onStart of the host has failed: the gateway does not start', { error })
      throw error
    }
  }

  /** Calls onStop once onStart has ended, if `start` was called. Logs its error, and never rejects. */
  async stop(gateway: object): Promise<void> {
    const { onStop, closeTimeout, log } = this.#init
    const wasStarted = this.#state === 'started'
    this.#state = 'stopped'
    if (!wasStarted) return
    let running = 'onStart'
    const stopping = this.#starting.then(() => {
      running = 'onStop'
      return onStop?.(gateway as never)
    })
    const ended = stopping.then(
      () => {},
      error => log.error('onStop of the host has failed', { error })
    )
    if (!(await withTimeout(closeTimeout, ended)))
      log.warn(`${running} of the host has not ended within closeTimeout, and is left alone`, {
        ms: closeTimeout
      })
  }
}
