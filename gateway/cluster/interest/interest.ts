/**
 * Which gateways have somebody under a uid or in a channel. Each gateway has the table of all others.
 * It errs on one side only: a gateway may be said to have somebody where it has nobody, which costs a message
 * in vain. A gateway whose names have not all come is said to have all.
 */
import type { Metrics } from '../../telemetry/metrics.js'
import type { Item, Link } from '../link/links.js'
import { HashTable } from './hash-table.js'
import { hashName, type NameKind, unpackHashes } from './name-hash.js'
import { interestKinds, OwnNames, type OwnNamesInit } from './own-names.js'

export interface InterestInit extends OwnNamesInit {
  readonly metrics: Metrics
  readonly monotonic: () => number
}

/** Gateways that the table knows by a bit. More of them are said to have all names. */
const mostBits = 32

/** Milliseconds for which at least an expected name counts as there. */
const expectedFor = 10_000

/** Sets of links that are kept as lists. */
const mostLists = 1_024

const nobody: readonly Link[] = []

export class Interest {
  readonly #init: InterestInit
  readonly #own: OwnNames
  readonly #table = new HashTable()
  /** The link of each bit. */
  readonly #links: (Link | undefined)[] = []
  /** Bits of the gateways whose names have not all come. */
  #incomplete = 0
  /** Links without a bit. */
  #beyond: readonly Link[] = nobody
  #lists = new Map<number, readonly Link[]>()
  /** Bits of names that are about to be there, of this span of time and of the one before. */
  #expected = new Map<number, number>()
  #expectedBefore = new Map<number, number>()
  #expectedSince = 0

  constructor(init: InterestInit) {
    this.#init = init
    this.#own = new OwnNames(init)
    init.links.read('interest', (from, items) => this.#receive(from, items))
    init.links.watch({ linkUp: link => this.#add(link), linkDown: link => this.#forget(link) })
    init.metrics.gauge('interestNames', () => this.#table.size)
  }

  /** Returns the links to the gateways that have sessions of a user, or may have. */
  ofUser(uid: string): readonly Link[] {
    return this.#of('user', uid)
  }

  /** Returns the links to the gateways that have members of a channel, or may have. */
  ofChannel(name: string): readonly Link[] {
    return this.#of('channel', name)
  }

  /**
   * An operation that binds a user or adds a member was written to a link: what is sent to the name behind it
   * must go there too, although the gateway has not told of the name yet.
   */
  expect(link: Link, kind: NameKind, name: string): void {
    const bit = this.#bitOf(link)
    if (bit === 0) return
    this.#ageExpected()
    const hash = hashName(kind, name)
    this.#expected.set(hash, (this.#expected.get(hash) ?? 0) | bit)
  }

  /**
   * Calls `done` when all other gateways know that this one has somebody under a name, or after 100 ms. Calls
   * it at once if they know already.
   */
  whenKnown(kind: NameKind, name: string, done: () => void): void {
    this.#own.whenKnown(kind, name, done)
  }

  /** Has the others send here what is for a name, although no session here has it, until `unkeep`. */
  keep(kind: NameKind, name: string): void {
    this.#own.keep(kind, name)
  }

  unkeep(kind: NameKind, name: string): void {
    this.#own.unkeep(kind, name)
  }

  /** Tells the others at once of the names that have come and gone here. */
  tellNow(): void {
    this.#own.tellNow()
  }

  #of(kind: NameKind, name: string): readonly Link[] {
    if (this.#links.length === 0) return nobody
    const hash = hashName(kind, name)
    let bits = this.#table.get(hash) | this.#incomplete
    if (this.#expected.size + this.#expectedBefore.size > 0) {
      this.#ageExpected()
      bits |= (this.#expected.get(hash) ?? 0) | (this.#expectedBefore.get(hash) ?? 0)
    }
    return bits === 0 ? this.#beyond : this.#listOf(bits)
  }

  #listOf(bits: number): readonly Link[] {
    let list = this.#lists.get(bits)
    if (list !== undefined) return list
    list = this.#links.filter((link, bit) => link !== undefined && (bits & (1 << bit)) !== 0) as Link[]
    list = [...list, ...this.#beyond]
    if (this.#lists.size < mostLists) this.#lists.set(bits, list)
    return list
  }

  /** Forgets expected names that have been there for long: their gateways have told of them by now. */
  #ageExpected(): void {
    const now = this.#init.monotonic()
    if (now - this.#expectedSince < expectedFor) return
    this.#expectedBefore = now - this.#expectedSince < 2 * expectedFor ? this.#expected : new Map()
    this.#expected = new Map()
    this.#expectedSince = now
  }

  #add(link: Link): void {
    let bit = this.#links.indexOf(undefined)
    if (bit === -1) bit = this.#links.length
    if (bit < mostBits) {
      this.#links[bit] = link
      this.#incomplete |= 1 << bit
    } else this.#beyond = [...this.#beyond, link]
    this.#lists = new Map()
    this.#own.sendAll(link)
  }

  #forget(link: Link): void {
    const bit = this.#bitOf(link)
    this.#beyond = this.#beyond.filter(each => each !== link)
    this.#lists = new Map()
    if (bit === 0) return
    this.#links[this.#links.indexOf(link)] = undefined
    this.#incomplete &= ~bit
    this.#table.clear(bit)
    for (const expected of [this.#expected, this.#expectedBefore])
      for (const [hash, bits] of expected) expected.set(hash, bits & ~bit)
  }

  /** Returns 0 for a link that has no bit. */
  #bitOf(link: Link): number {
    const index = this.#links.indexOf(link)
    return index === -1 ? 0 : 1 << index
  }

  #receive(from: Link, items: readonly Item[]): void {
    const bit = this.#bitOf(from)
    switch (items[0]) {
      case interestKinds.delta:
        for (let at = 1; at < items.length; at += 2) this.#apply(bit, items[at] === 1, items[at + 1])
        return
      case interestKinds.slice:
        return this.#apply(bit, true, items[1])
      case interestKinds.complete:
        this.#incomplete &= ~bit
        return
      default:
      // A kind of a later version.
    }
  }

  #apply(bit: number, isThere: boolean, hashes: Item | undefined): void {
    if (typeof hashes !== 'string') throw new Error('an interest without hashes')
    unpackHashes(hashes, hash => {
      const bits = this.#table.get(hash)
      this.#table.set(hash, isThere ? bits | bit : bits & ~bit)
    })
  }
}
