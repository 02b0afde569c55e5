/**
 * Tells clients of refused notifies: at most once a second for each error, by the event `$error` with their
 * number. Names of events that begin with `$` are the gateway's own.
 */
import type { GatewayError } from '../../shared/errors.js'
import { deliveries } from '../../shared/events/event.js'
import { GatewayEvent } from '../events/event.js'
import { encodeJson } from '../protocols/protocol.js'
import type { Session } from '../sessions/session.js'

/** Milliseconds between the first refusal and its event, which counts all of them. */
const interval = 1_000

/** The body of the event. `message`: that of the first refusal. */
interface Refused {
  readonly error: string
  readonly message: string
  dropped: number
}

export class RefusedNotifies {
  /** The refused notifies of which the client was not told yet, by session and by code. */
  readonly #untold = new Map<Session, Map<string, Refused>>()

  count(session: Session, { code, message }: GatewayError): void {
    let untold = this.#untold.get(session)
    if (untold === undefined) {
      this.#untold.set(session, (untold = new Map()))
      setTimeout(() => this.#tell(session), interval).unref()
    }
    const refused = untold.get(code)
    if (refused === undefined) untold.set(code, { error: code, message, dropped: 1 })
    else refused.dropped++
  }

  #tell(session: Session): void {
    const untold = this.#untold.get(session)!
    this.#untold.delete(session)
    for (const refused of untold.values())
      session.receiver?.event(
        new GatewayEvent({
          name: '$error',
          body: encodeJson(refused),
          rich: '',
          richOnly: false,
          delivery: deliveries.reliable,
          key: ''
        })
      )
  }
}
