/**
 * Claims of sessions that have gone to other gateways, which are kept until the user is claimed there.
 *
 * The other gateway says when it is. If its word is lost with a link, it is asked for again by the next one.
 * If the gateway is over, so is the session, and nobody may wait for the claim any more.
 */
import type { Item, Link } from '../link/links.js'
import type { MovedClaims } from './stock-init.js'

interface OwedClaim {
  readonly uid: string
  /** Where the session has gone. */
  readonly start: number
}

export class OwedClaims {
  readonly #claims: Pick<MovedClaims, 'release' | 'whenSettled'> | undefined
  /** By session. */
  readonly #owed = new Map<number, OwedClaim>()

  /** @param claims undefined: users are not claimed */
  constructor(claims: Pick<MovedClaims, 'release' | 'whenSettled'> | undefined) {
    this.#claims = claims
  }

  /** A session has gone, and its claim here stays for now. */
  add(sid: number, uid: string | null, to: Link): void {
    if (uid !== null && this.#claims !== undefined) this.#owed.set(sid, { uid, start: to.start })
  }

  /** Says over a link that the user of a session is claimed here, be it now or later. */
  tell(from: Link, sid: number, uid: string): void {
    const tell = () => from.isOpen && from.send('settle', ['secured', sid])
    if (this.#claims === undefined) tell()
    else this.#claims.whenSettled(uid, sid, tell)
  }

  /** The user of a session that has gone is claimed there. */
  secured(sid: number): void {
    const owed = this.#owed.get(sid)
    this.#owed.delete(sid)
    if (owed !== undefined) this.#claims?.release(owed.uid, sid)
  }

  /** A link has begun: asks for the words that the one before may have lost. */
  linkUp(link: Link): void {
    for (const [sid, { start }] of this.#owed) if (start === link.start) this.ask(sid, link)
  }

  /** Asks for the word about one session. */
  ask(sid: number, link: Link): void {
    const owed = this.#owed.get(sid)
    if (owed !== undefined) link.send('settle', ['owed', sid, owed.uid] satisfies Item[])
  }

  /** A gateway is over. */
  gone(start: number): void {
    for (const [sid, owed] of this.#owed) if (owed.start === start) this.secured(sid)
  }
}
