/**
 * Notifies that were refused: a client is told of them at most once a second, by the event `$error`, with how
 * many they were. Names of events that begin with `$` are the gateway's own.
 */
import type { GatewayError } from '../../shared/errors.js'
import { deliveries } from '../../shared/events/event.js'
import { GatewayEvent } from '../events/event.js'
import { encodeJson } from '../protocols/protocol.js'
import type { Session } from '../sessions/session.js'

/** Milliseconds between two such events. */
const interval = 1_000

export class RefusedNotifies {
  /** By session: how many were refused since it was last told. */
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
