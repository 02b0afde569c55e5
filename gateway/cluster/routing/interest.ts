/** Which other gateways have sessions under the name of a user or a channel, as the routing sees it. */
import type { NamesHere } from '../../operations/operation-acks.js'
import type { Link } from '../link/links.js'

export type NameKind = 'user' | 'channel'

export interface Interest extends NamesHere {
  /** Returns the links to the gateways that may have sessions of a user. Those that have none do no harm. */
  ofUser(uid: string): readonly Link[]
  /** Returns the links to the gateways that may have members of a channel. */
  ofChannel(name: string): readonly Link[]
  /** Notes that a session of that gateway was brought under the name, before that gateway itself says so. */
  expect(link: Link, kind: NameKind, name: string): void
}

/** Takes each gateway for interested in all names. */
export class InterestInAll implements Interest {
  readonly #links: { readonly all: readonly Link[] }

  constructor(links: { readonly all: readonly Link[] }) {
    this.#links = links
  }

  ofUser(): readonly Link[] {
    return this.#links.all
  }

  ofChannel(): readonly Link[] {
    return this.#links.all
  }

  expect(): void {}

  whenKnown(_kind: NameKind, _name: string, done: () => void): void {
    done()
  }
}
