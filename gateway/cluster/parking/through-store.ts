/** Has answers of changes wait until the store has the session, for up to `clusterTimeout`. */
import { errors, type GatewayError } from '../../../shared/errors.js'
import type { SessionStore } from '../../operations/operation-acks.js'
import type { Session } from '../../sessions/session.js'
import type { Timing } from '../link/link-host.js'

export interface ThroughStoreInit {
  /** Writes a session. Resolves to why that has failed; undefined: it has not. */
  readonly write: (session: Session) => Promise<string | undefined>
  readonly timing: Timing
  /** Milliseconds for which an answer waits. */
  readonly clusterTimeout: number
}

export class ThroughStore implements SessionStore {
  readonly #init: ThroughStoreInit

  constructor(init: ThroughStoreInit) {
    this.#init = init
  }

  async keep(session: Session): Promise<GatewayError | undefined> {
    const { write, timing, clusterTimeout } = this.#init
    let stop = () => {}
    const tooLate = new Promise<string>(resolve => {
      stop = timing.after(clusterTimeout, () => resolve(`it has not answered within ${clusterTimeout} ms`))
    })
    const why = await Promise.race([write(session), tooLate])
    stop()
    if (why === undefined) return undefined
    return errors.sessionNotKept(session.sid, why)
  }
}
