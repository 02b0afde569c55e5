/**
 * Events that wait for a session which has come here, until former gateways have passed on earlier ones.
 *
 * A source is a gateway that sends events. Its earlier ones may still be on their way by a former gateway of
 * the session, a giver. Each giver says when it has passed on all that came from a source: its word. Until
 * all givers have said so, what comes from the source itself waits. A giver may be such a source too, for
 * what it passes on directly, and what it has passed on by another giver. Its words wait with its events.
 */
import { deliveries } from '../../../shared/events/event.js'
import type { GatewayEvent } from '../../events/event.js'

/** This gateway, as a source. The others are named by their starts. */
export const ownSource = 0

/** The word of a giver about a source. */
interface Word {
  readonly giver: number
  readonly about: number
}

/** What comes from one source. */
interface Stream {
  /** The givers whose word is missing. */
  readonly givers: Set<number>
  readonly items: (GatewayEvent | Word)[]
}

/**
 * Characters that wait for a session at most, and what an event or a word counts beside its body. Beyond it
 * the order of events is given up.
 */
const mostCharacters = 1_048_576
const itemCost = 64

export interface HoldInit {
  /** By source, the givers that may pass on what came from it. */
  readonly givers: ReadonlyMap<number, readonly number[]>
  /** Returns the source of what is being applied. */
  readonly source: () => number
  /** Sends an event to the session's client. */
  readonly deliver: (event: GatewayEvent) => void
  /** Called once, when nothing waits any more. `isOrdered`: all words were given. */
  readonly done: (isOrdered: boolean) => void
}

export class Hold {
  readonly #init: HoldInit
  readonly #streams = new Map<number, Stream>()
  #whenOwn: (() => void)[] = []
  #whenDone: (() => void)[] = []
  #characters = 0
  #isDone = false

  constructor(init: HoldInit) {
    this.#init = init
    for (const [source, givers] of init.givers)
      if (givers.length > 0) this.#streams.set(source, { givers: new Set(givers), items: [] })
  }

  get isEmpty(): boolean {
    return this.#streams.size === 0
  }

  /** Keeps an event if its source is waited for. Volatile ones wait for nothing. Returns whether it does. */
  take(event: GatewayEvent): boolean {
    const stream = this.#streams.get(this.#init.source())
    if (stream === undefined || event.delivery === deliveries.volatile) return false
    this.#keep(stream, event, event.body.length + event.rich.length)
    return true
  }

  /** Reads the word of a giver, which came from a source, behind what that has passed on. */
  hear(from: number, giver: number, about: number): void {
    const stream = this.#streams.get(from)
    if (stream !== undefined) this.#keep(stream, { giver, about }, 0)
    else this.#apply({ giver, about })
    this.#look()
  }

  /** A giver is gone: it passes on nothing more. */
  drop(giver: number): void {
    for (const source of [...this.#streams.keys()]) this.#apply({ giver, about: source })
    this.#look()
  }

  /** Runs a function once events of this gateway need not wait. */
  whenOwn(run: () => void): void {
    if (this.#streams.has(ownSource)) this.#whenOwn.push(run)
    else run()
  }

  /** Runs a function once nothing waits any more. */
  whenDone(run: () => void): void {
    this.#whenDone.push(run)
  }

  /** Sends what waits, in the order of each source. */
  giveUp(): void {
    if (this.#isDone) return
    for (const source of [...this.#streams.keys()]) this.#release(source)
    this.#end(false)
  }

  /** The session has ended: the events that wait are for nobody. */
  discard(): void {
    this.#isDone = true
    this.#streams.clear()
    for (const run of this.#whenOwn.splice(0)) run()
    this.#tellDone()
  }

  #keep(stream: Stream, item: GatewayEvent | Word, characters: number): void {
    stream.items.push(item)
    this.#characters += characters + itemCost
    if (this.#characters > mostCharacters) this.giveUp()
  }

  #apply({ giver, about }: Word): void {
    const stream = this.#streams.get(about)
    if (stream?.givers.delete(giver) === true && stream.givers.size === 0) this.#release(about)
  }

  #release(source: number): void {
    const stream = this.#streams.get(source)
    this.#streams.delete(source)
    for (const item of stream?.items ?? [])
      if ('giver' in item) this.#apply(item)
      else this.#init.deliver(item)
    if (source !== ownSource) return
    const runs = this.#whenOwn.splice(0)
    for (const run of runs) run()
  }

  #look(): void {
    if (this.isEmpty && !this.#isDone) this.#end(true)
  }

  #end(isOrdered: boolean): void {
    this.#isDone = true
    this.#init.done(isOrdered)
    this.#tellDone()
  }

  #tellDone(): void {
    for (const run of this.#whenDone.splice(0)) run()
  }
}
