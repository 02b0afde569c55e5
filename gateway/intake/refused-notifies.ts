/**
 * Tells clients of refused notifies: at most once a second, by the event `$error` with their number. Names of
 * events that begin with `$` are the gateway's own.
 */
import type { GatewayError } from '../../shared/errors.js'
import { deliveries } from '../../shared/events/event.js'
import { GatewayEvent } from '../events/event.js'
import { encodeJson } from '../protocols/protocol.js'
import type { Session } from '../sessions/session.js'

/** Milliseconds between two such events. */
const interval = 1_000

export class RefusedNotifies {
  /** Number of refused notifies since the client was last told, by session. */
  readonly #dropped = new Map<Session, number>()

  count(session: Session, error: GatewayError): void {
    const before = this.#dropped.get(session)
    this.#dropped.set(session, (before ?? 0) + 1)
    if (before !== undefined) return
    const { code, message } = error
    setTimeout(() => {
      const dropped = this.#dropped.get(session)
      this.#dropped.delete(session)
      const body = encodeJson({ error: code, message, dropped })
      session.receiver?.event(
        new GatewayEvent({
          name: '$error',
          body,
          rich: '',
          richOnly: false,
          delivery: deliveries.reliable,
          key: ''
        })
      )
    }, interval).unref()
  }
}
