/**
 * The detached sessions, grouped by address. When there are too many, or they take too much memory, the next
 * one to evict is the longest detached session of the address with the most sessions or bytes. So an address
 * that leaves many sessions behind evicts its own, and not those of others. Owned by Resumption, which ends
 * the evicted sessions.
 */
import { type Rank, Ranking } from '../limits/ranking.js'

export interface DetachedLimits {
  /** Detached sessions in all, and of one address; 0: no limit. */
  readonly maxDetachedSessions: number
  readonly maxDetachedSessionsPerAddress: number
  /** Bytes of memory that all detached sessions may take. */
  readonly maxDetachedBytes: number
}

/** A session to evict, and the limit that requires it. */
export interface Surplus<Item> {
  readonly item: Item
  readonly limit: keyof DetachedLimits
  readonly address: string
}

/** The detached sessions of one address. */
interface Group<Item> {
  readonly address: string
  /** Longest detached first. */
  readonly items: Set<Item>
  byCount: Rank<Group<Item>>
  byBytes: Rank<Group<Item>>
}

interface Stay<Item> {
  readonly group: Group<Item>
  bytes: number
}

export class DetachedSessions<Item> {
  readonly #limits: DetachedLimits
  readonly #stays = new Map<Item, Stay<Item>>()
  readonly #groups = new Map<string, Group<Item>>()
  readonly #byCount = new Ranking<Group<Item>>()
  readonly #byBytes = new Ranking<Group<Item>>()
  #bytes = 0

  constructor(limits: DetachedLimits) {
    this.#limits = limits
  }

  get size(): number {
    return this.#stays.size
  }

  /** Bytes of memory that all detached sessions take. */
  get bytes(): number {
    return this.#bytes
  }

  /** Adds a session, which must not be in the collection yet. `address`: its `addressKey`. */
  add(item: Item, address: string, bytes: number): void {
    const group = this.#groups.get(address) ?? this.#createGroup(address)
    group.items.add(item)
    this.#byCount.change(group.byCount, group.items.size)
    const stay = { group, bytes: 0 }
    this.#stays.set(item, stay)
    this.#resize(stay, bytes)
  }

  /** Sets the bytes that an item takes now. Does nothing if the item is not here. */
  resize(item: Item, bytes: number): void {
    const stay = this.#stays.get(item)
    if (stay !== undefined) this.#resize(stay, bytes)
  }

  /** Removes an item. Does nothing if the item is not here. */
  delete(item: Item): void {
    const stay = this.#stays.get(item)
    if (stay === undefined) return
    this.#resize(stay, 0)
    this.#stays.delete(item)
    const { group } = stay
    group.items.delete(item)
    this.#byCount.change(group.byCount, group.items.size)
    if (group.items.size > 0) return
    this.#groups.delete(group.address)
    this.#byCount.remove(group.byCount)
    this.#byBytes.remove(group.byBytes)
  }

  /** Returns the item to evict next; undefined: all may stay. */
  findSurplus(): Surplus<Item> | undefined {
    const { maxDetachedSessions, maxDetachedSessionsPerAddress, maxDetachedBytes } = this.#limits
    const most = this.#byCount.top
    if (most === undefined) return undefined
    if (maxDetachedSessionsPerAddress > 0 && most.weight > maxDetachedSessionsPerAddress)
      return oldestOf(most, 'maxDetachedSessionsPerAddress')
    if (maxDetachedSessions > 0 && this.size > maxDetachedSessions)
      return oldestOf(most, 'maxDetachedSessions')
    return this.#bytes > maxDetachedBytes ? oldestOf(this.#byBytes.top!, 'maxDetachedBytes') : undefined
  }

  #resize(stay: Stay<Item>, bytes: number): void {
    const change = bytes - stay.bytes
    const { byBytes } = stay.group
    stay.bytes = bytes
    this.#bytes += change
    this.#byBytes.change(byBytes, byBytes.weight + change)
  }

  #createGroup(address: string): Group<Item> {
    const group = { address, items: new Set<Item>() } as Group<Item>
    group.byCount = this.#byCount.add(group, 0)
    group.byBytes = this.#byBytes.add(group, 0)
    this.#groups.set(address, group)
    return group
  }
}

function oldestOf<Item>(rank: Rank<Group<Item>>, limit: keyof DetachedLimits): Surplus<Item> {
  const { items, address } = rank.item
  const [item] = items
  return { item: item!, limit, address }
}
