/**
 * The names that this gateway has somebody under, and how the others are told of them: by deltas, and for a
 * new link by a snapshot in slices.
 */
import type { NameSource } from '../../sessions/channels.js'
import type { FlushedLinks, Link } from '../link/links.js'
import { HashTable } from './hash-table.js'
import { hashName, type NameKind, packHash } from './name-hash.js'

/** Kinds of `interest` frames, the first item of each. Frozen. */
export const interestKinds = {
  /** Then pairs: 1 or 0 for names that are there or gone, and their hashes. */
  delta: 0,
  /** Then hashes of names that are there. */
  slice: 1,
  /** All slices have come. */
  complete: 2
} as const

export interface OwnNamesInit {
  readonly links: FlushedLinks
  readonly users: NameSource
  readonly channels: NameSource
  /** Calls `run` at the end of this turn of the event loop, for the next slice. */
  readonly soon: (run: () => void) => void
  readonly after: (ms: number, run: () => void) => () => void
}

/** Names of a slice. */
const sliceLength = 2_000

/** Milliseconds after which a change counts as known, whoever has not acked it. */
const longestWait = 100

/** Milliseconds without an ack after which nobody waits for a gateway. */
const mostLag = 50

/** A change of which not all others know. */
interface News {
  readonly hashes: number[]
  /** Others that have not acked it. */
  left: number
  readonly waiting: (() => void)[]
}

export class OwnNames {
  readonly #init: OwnNamesInit
  /** How many names there are of each hash, those that are kept included. */
  readonly #counts = new HashTable()
  /** Hashes of names that are kept although no session here may have them, each with how often. */
  readonly #kept = new Map<number, number>()
  /** Changes that were not sent yet, in order: 1 or 0, and a hash. */
  #changes: [isThere: number, hash: number][] = []
  /** The names that came with changes of which not all others know. */
  readonly #news = new Map<number, News>()
  #next: News = newNews()

  constructor(init: OwnNamesInit) {
    this.#init = init
    this.#watch('user', init.users)
    this.#watch('channel', init.channels)
  }

  #watch(kind: NameKind, source: NameSource): void {
    for (const name of source.names()) this.#add(hashName(kind, name), 1)
    source.watchNames({
      first: name => this.#change(hashName(kind, name), 1),
      last: name => this.#change(hashName(kind, name), -1)
    })
  }

  /** Has a name count as one of a session here, until `unkeep`. */
  keep(kind: NameKind, name: string): void {
    const hash = hashName(kind, name)
    this.#kept.set(hash, (this.#kept.get(hash) ?? 0) + 1)
    this.#change(hash, 1)
  }

  unkeep(kind: NameKind, name: string): void {
    const hash = hashName(kind, name)
    const left = this.#kept.get(hash)! - 1
    if (left === 0) this.#kept.delete(hash)
    else this.#kept.set(hash, left)
    this.#change(hash, -1)
  }

  /** Sends the changes that were not sent yet. */
  tellNow(): void {
    this.#send()
  }

  /** Calls `done` when the others know that there is somebody under a name; at once if they do. */
  whenKnown(kind: NameKind, name: string, done: () => void): void {
    const news = this.#news.size === 0 ? undefined : this.#news.get(hashName(kind, name))
    if (news === undefined) done()
    else news.waiting.push(done)
  }

  /** Sends all names over a new link, in slices, so that it takes up no turn for long. */
  sendAll(link: Link): void {
    const hashes = this.#all()
    const sendSlice = () => {
      let slice = ''
      let count = 0
      for (; count < sliceLength; count++) {
        const { value, done } = hashes.next()
        if (done === true) break
        slice += packHash(value)
      }
      if (count > 0) link.send('interest', [interestKinds.slice, slice])
      if (count < sliceLength) return link.send('interest', [interestKinds.complete])
      if (link.hasRoom) this.#init.soon(goOn)
      else link.whenTakenIn(goOn)
    }
    const goOn = () => {
      if (link.isOpen) sendSlice()
    }
    sendSlice()
  }

  /** Walks the hashes of all names. Names may come and go meanwhile: deltas tell of these. */
  *#all(): Generator<number, undefined> {
    yield* this.#kept.keys()
    for (const name of this.#init.users.names()) yield hashName('user', name)
    for (const name of this.#init.channels.names()) yield hashName('channel', name)
    // Those that were there when the walk began, and are only kept by now.
    yield* this.#kept.keys()
    return undefined
  }

  /** Returns how many names of a hash there are, with the change. */
  #add(hash: number, by: number): number {
    const count = this.#counts.get(hash) + by
    this.#counts.set(hash, count)
    return count
  }

  #change(hash: number, by: 1 | -1): void {
    const count = this.#add(hash, by)
    // Two names may have the same hash. The others know of the hash alone. Somebody under a name that is kept
    // is told of all the same: one to whom all is being sent may have missed that it is.
    const isNews = by === 1 ? count === 1 || this.#kept.has(hash) : count === 0
    if (!isNews || this.#init.links.all.length === 0) return
    const isThere = by === 1 ? 1 : 0
    if (this.#changes.push([isThere, hash]) === 1) this.#init.links.beforeFlush(this.#send)
    if (isThere === 0) return
    this.#news.set(hash, this.#next)
    this.#next.hashes.push(hash)
  }

  readonly #send = (): void => {
    const changes = this.#changes
    if (changes.length === 0) return
    this.#changes = []
    const items: (string | number)[] = [interestKinds.delta]
    let before = -1
    let hashes = ''
    for (const [isThere, hash] of changes) {
      if (isThere !== before) {
        if (before !== -1) items.push(before, hashes)
        before = isThere
        hashes = ''
      }
      hashes += packHash(hash)
    }
    items.push(before, hashes)
    for (const link of this.#init.links.all) link.send('interest', items)
    this.#await()
  }

  /** Waits until the others have taken in the newest delta. */
  #await(): void {
    const news = this.#next
    if (news.hashes.length === 0) return
    this.#next = newNews()
    let stop = () => {}
    const finish = () => {
      stop()
      for (const hash of news.hashes) if (this.#news.get(hash) === news) this.#news.delete(hash)
      for (const done of news.waiting.splice(0)) done()
    }
    // A gateway that has not acked anything for a while is not waited for.
    const others = this.#init.links.all.filter(link => link.figures().lag <= mostLag)
    news.left = others.length
    if (news.left === 0) return finish()
    stop = this.#init.after(longestWait, finish)
    const takenIn = () => {
      if (--news.left === 0) finish()
    }
    for (const link of others) link.whenTakenIn(takenIn)
  }
}

function newNews(): News {
  return { hashes: [], left: 0, waiting: [] }
}
