/**
 * Sessions that have moved on from here, by the names under which other gateways still find them here, until
 * each of these knows where they are.
 */
import type { Link } from '../link/links.js'

/** The names under which other gateways send events here: `Interest` has them. */
export interface Names {
  /** Has the others send here what is for a name, although no session here has it. */
  keep(kind: 'user' | 'channel', name: string): void
  unkeep(kind: 'user' | 'channel', name: string): void
  /** A gateway has a session under a name, although it has not told yet. */
  expect(link: Link, kind: 'user' | 'channel', name: string): void
  /** Tells the others at once of the names that have come and gone. */
  tellNow(): void
}

export interface ShadowInit {
  readonly sid: number
  readonly uid: string | null
  readonly channels: Iterable<string>
}

export class Shadow {
  readonly sid: number
  readonly uid: string | null
  readonly channels: Set<string>

  constructor({ sid, uid, channels }: ShadowInit) {
    this.sid = sid
    this.uid = uid
    this.channels = new Set(channels)
  }
}

/** The shadows of a gateway, by their names. */
export class Shadows {
  readonly #names: Names
  readonly #ofUser = new Map<string, Set<Shadow>>()
  readonly #ofChannel = new Map<string, Set<Shadow>>()
  readonly all = new Set<Shadow>()

  constructor(names: Names) {
    this.#names = names
  }

  ofUser(uid: string): Iterable<Shadow> {
    return this.#ofUser.get(uid) ?? []
  }

  /** Returns a copy, since members may leave while it is walked. */
  ofChannel(name: string): readonly Shadow[] {
    return [...(this.#ofChannel.get(name) ?? [])]
  }

  /** Adds a shadow, while its session is still found by its names. */
  add(shadow: Shadow): void {
    this.all.add(shadow)
    const { uid, channels } = shadow
    if (uid !== null) {
      addTo(this.#ofUser, uid, shadow)
      this.#names.keep('user', uid)
    }
    for (const name of channels) this.#addChannel(shadow, name)
  }

  join(shadow: Shadow, name: string): void {
    if (shadow.channels.has(name)) return
    shadow.channels.add(name)
    this.#addChannel(shadow, name)
  }

  leave(shadow: Shadow, name: string): void {
    if (shadow.channels.delete(name)) this.#removeChannel(shadow, name)
  }

  remove(shadow: Shadow): void {
    if (!this.all.delete(shadow)) return
    const { uid, channels } = shadow
    if (uid !== null) {
      removeFrom(this.#ofUser, uid, shadow)
      this.#names.unkeep('user', uid)
    }
    for (const name of channels) this.#removeChannel(shadow, name)
  }

  #addChannel(shadow: Shadow, name: string): void {
    addTo(this.#ofChannel, name, shadow)
    this.#names.keep('channel', name)
  }

  #removeChannel(shadow: Shadow, name: string): void {
    removeFrom(this.#ofChannel, name, shadow)
    this.#names.unkeep('channel', name)
  }
}

function addTo(map: Map<string, Set<Shadow>>, name: string, shadow: Shadow): void {
  const known = map.get(name)
  if (known === undefined) map.set(name, new Set([shadow]))
  else known.add(shadow)
}

function removeFrom(map: Map<string, Set<Shadow>>, name: string, shadow: Shadow): void {
  const known = map.get(name)
  known?.delete(shadow)
  if (known?.size === 0) map.delete(name)
}
