/**
 * What a gateway knows of a session that has moved here or away, until all others know of the move.
 *
 * The moves of a session are counted from 0, where it began. An event that is sent by name (of a user, of a
 * channel, or to all) goes to several gateways; it is for the one to which the newest move went that its
 * sender knew of. Each sender tells when it knows of a move, in order with its events.
 */
import type { Link } from '../link/links.js'
import type { Shadow } from './shadows.js'

/** A later move: who has told of it, and what to do once it is known that the session has gone. */
interface Ahead {
  readonly link: Link
  readonly move: number
  readonly run: () => void
}

export class Cut {
  /** The moves by which the session came here, the newest last. */
  readonly #owned: number[]
  /** The newest move that each other gateway knows of, by its link. */
  readonly #known = new Map<Link, number>()
  /** Starts that had the session before, and may pass on what is sent to it. */
  readonly trail: readonly number[]
  /** undefined: the session is here, or on its way from here. */
  shadow: Shadow | undefined
  /** Whether the session is on its way from here. */
  isLeaving = false
  /** The words that former gateways gave while the session was here: each one's start, and the source's. */
  readonly words: (readonly [giver: number, about: number])[] = []
  /** What was heard of later moves before it was known that the session has gone. */
  #ahead: Ahead[] = []

  constructor(owned: readonly number[], trail: readonly number[]) {
    this.#owned = [...owned]
    this.trail = trail
  }

  get newest(): number {
    return this.#owned.at(-1)!
  }

  /** Returns a cut with what this one knows, for the session that has come here again. */
  renewed(move: number, trail: readonly number[]): Cut {
    const cut = new Cut([...this.#owned, move], trail)
    for (const [link, known] of this.#known) cut.#known.set(link, known)
    return cut
  }

  /**
   * Keeps what a gateway says of a move, if the session is on its way from here and has moved on since.
   * Returns whether it does.
   */
  keepsAhead(link: Link, move: number, run: () => void): boolean {
    if (!this.isLeaving || move <= this.newest + 1) return false
    this.#ahead.push({ link, move, run })
    return true
  }

  /** The starts that have said that the session has moved on to them, the newest first. */
  get heirs(): readonly number[] {
    return this.#ahead.toSorted((a, b) => b.move - a.move).map(({ link }) => link.start)
  }

  /** It is decided where the session is: does what was kept, of links that are still there. */
  runAhead(): void {
    const ahead = this.#ahead
    this.#ahead = []
    for (const { link, run } of ahead) if (link.isOpen) run()
  }

  /** Notes that a gateway knows of a move. */
  tells(link: Link, move: number): void {
    if (move > (this.#known.get(link) ?? -1)) this.#known.set(link, move)
  }

  /** A link has begun: what comes over it is for the gateway that has the session. */
  begin(link: Link): void {
    this.#known.set(link, this.shadow === undefined ? this.newest : Number.MAX_SAFE_INTEGER)
  }

  end(link: Link): void {
    this.#known.delete(link)
  }

  /** Whether what comes over a link is for the session as it was here, or is. */
  isFor(link: Link): boolean {
    return this.#owned.includes(this.#known.get(link) ?? -1)
  }

  /** Whether a gateway knows all that this one waits for. */
  isKnownTo(link: Link): boolean {
    const known = this.#known.get(link) ?? -1
    if (this.isLeaving) return false
    return this.shadow === undefined ? known >= this.newest : known > this.newest
  }
}
