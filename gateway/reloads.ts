/** Reloads of the handlers: one at a time, whoever asks for them, and told. */
import { GatewayError } from '../shared/errors.js'
import type { Gateway } from './gateway.js'

/** Runs one at a time. Who asks during a run shares one more, which begins when that has ended. */
export class Reloads {
  readonly #run: () => Promise<void>
  /** Settles when the last that was asked for has ended; never rejects. */
  #last: Promise<void> = Promise.resolve()
  /** One that has not begun. */
  #next: Promise<void> | undefined

  constructor(run: () => Promise<void>) {
    this.#run = run
  }

  /** Resolves, or rejects, as that run does. It begins after the call: what changed before is seen by it. */
  ask(): Promise<void> {
    if (this.#next !== undefined) return this.#next
    const next = this.#last.then(() => {
      this.#next = undefined
      return this.#run()
    })
    this.#next = next
    this.#last = next.catch(() => {})
    return next
  }
}

/** Loads the handlers anew, and says so in the log; those that do not load are told, and the old ones go on. */
export async function reloadHandlers(gateway: Gateway): Promise<void> {
  const { log } = gateway.options
  try {
    await gateway.reload()
    log.info('The handlers were loaded anew', { routes: gateway.routes.length })
  } catch (error) {
    if (isClosing(error)) return log.info('The handlers are not loaded anew: the gateway is closing')
    log.error('The new handlers do not load; the old ones go on', { error: (error as Error).message })
  }
}

function isClosing(error: unknown): boolean {
  return error instanceof GatewayError && error.code === 'CLOSING'
}
