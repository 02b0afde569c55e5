/**
 * A network of buses within one process, for tests: carries messages and keeps logs, with faults on order.
 *
 * Without faults it does what one nats-server does: messages arrive later than they were sent, in the order
 * of their sender, and not at the sender itself. Faults: `fault` decides about each message and each call of
 * a log; `partition`, `cutOff`, `setDown`, `areLogsDown` and `wipe` change the network until `heal`.
 */
import { wallClock } from '../../../shared/clock.js'
import type { Entry, LogInit } from './bus.js'
import type { BusLog } from './bus-listeners.js'
import { LocalBus } from './local-bus.js'
import { LocalLog } from './local-log.js'

/** What is about to happen in a network. */
export interface Attempt {
  readonly kind: 'message' | 'append' | 'first' | 'remove'
  /** Name of the bus that sends or calls. */
  readonly from: string
  /** Name of the bus that receives, or of the log. */
  readonly to: string
  /** The message's subject, or the entry's key; '' for `remove`. */
  readonly subject: string
  readonly bytes: Uint8Array | undefined
}

/**
 * What happens instead. `drop`: nothing. `double`: the message arrives, or the entry is appended, twice.
 * `dropAnswer`, of a log: it is done, but the caller gets no answer. `delay`: milliseconds, so that others
 * overtake it.
 */
export type Fault = 'drop' | 'double' | 'dropAnswer' | { readonly delay: number }

/** Calls `run` after `ms` milliseconds; after 0 ms, in a later turn of the event loop, in order. */
export type Schedule = (ms: number, run: () => void) => () => void

export interface LocalNetworkInit {
  /** Milliseconds since 1970, for the ages of entries. Default: the machine's clock. */
  readonly now?: () => number
  /** Default: Node's timers. */
  readonly schedule?: Schedule
  readonly log?: BusLog
}

export interface LocalMessage {
  readonly subject: string
  readonly bytes: Uint8Array
  readonly reply: string | undefined
}

export class LocalNetwork {
  readonly schedule: Schedule
  readonly log: BusLog
  /** Decides about each message and each call of a log. Default: no faults. */
  fault: (attempt: Attempt) => Fault | undefined = () => undefined
  /** Decides which entries of a key the looks do not show, although they are there. Default: none. */
  hides: (key: string, entry: Entry) => boolean = () => false
  /** Whether logs give no answers while messages go on, as without a leader. */
  areLogsDown = false
  readonly #now: () => number
  readonly #buses = new Set<LocalBus>()
  readonly #logs = new Map<string, LocalLog>()
  #partitions: readonly (readonly [ReadonlySet<string>, ReadonlySet<string>])[] = []
  readonly #cutOff = new Set<string>()

  constructor({ now = wallClock, schedule = useTimers, log = silent }: LocalNetworkInit = {}) {
    this.#now = now
    this.schedule = schedule
    this.log = log
  }

  /** Returns a new bus. Faults name it; a name that was closed may be used again. */
  join(name: string): LocalBus {
    const bus = new LocalBus(name, this, () => this.#buses.delete(bus))
    this.#buses.add(bus)
    return bus
  }

  /** Loses all messages between buses of `some` and of `others`; both reach the logs. */
  partition(some: readonly string[], others: readonly string[]): void {
    this.#partitions = [...this.#partitions, [new Set(some), new Set(others)]]
  }

  /** Lets nothing in and out of a bus, without its noticing. */
  cutOff(name: string): void {
    this.#cutOff.add(name)
  }

  /** Has a bus notice that it is not connected. Default: all buses, as if the server ended. */
  setDown(name?: string): void {
    for (const bus of this.#buses) if (name === undefined || bus.name === name) bus.setUp(false)
  }

  setUp(name?: string): void {
    for (const bus of this.#buses) if (name === undefined || bus.name === name) bus.setUp(true)
  }

  /** Ends all faults, except those that `fault` makes. */
  heal(): void {
    this.#partitions = []
    this.#cutOff.clear()
    this.areLogsDown = false
    this.setUp()
  }

  /** Forgets all logs, as a server with a new disk does. A log is made anew when a bus needs it. */
  wipe(): void {
    this.#logs.clear()
  }

  /** @internal Whether a bus reaches the network's server. */
  reaches(name: string): boolean {
    return !this.#cutOff.has(name)
  }

  /** @internal Carries a message to all other buses that listen. Returns how many there are. */
  carry(from: LocalBus, message: LocalMessage): number {
    let listening = 0
    for (const to of this.#buses) {
      if (to === from || !to.listensTo(message.subject) || !this.#connects(from.name, to.name)) continue
      listening++
      const { subject, bytes } = message
      const fault = this.fault({ kind: 'message', from: from.name, to: to.name, subject, bytes })
      if (fault === 'drop') continue
      this.#deliver(to, message, typeof fault === 'object' ? fault.delay : 0)
      if (fault === 'double') this.#deliver(to, message, 0)
    }
    return listening
  }

  /** @internal */
  makeLog(init: LogInit): LocalLog {
    const log = this.#logs.get(init.name) ?? new LocalLog(init, this.#now)
    if (log.maxAge !== init.maxAge)
      throw new Error(`The log ${init.name} has entries of ${log.maxAge} ms, not of ${init.maxAge} ms`)
    this.#logs.set(init.name, log)
    return log
  }

  /** @internal */
  logOf(name: string): LocalLog | undefined {
    return this.#logs.get(name)
  }

  #connects(one: string, other: string): boolean {
    if (!this.reaches(one) || !this.reaches(other)) return false
    return !this.#partitions.some(
      ([some, others]) => (some.has(one) && others.has(other)) || (some.has(other) && others.has(one))
    )
  }

  #deliver(to: LocalBus, { subject, bytes, reply }: LocalMessage, delay: number): void {
    const copy = Buffer.from(bytes)
    this.schedule(delay, () => {
      if (this.reaches(to.name)) to.receive(subject, copy, reply)
    })
  }
}

const silent: BusLog = { error() {}, warn() {} }

const useTimers: Schedule = (ms, run) => {
  if (ms === 0) {
    const immediate = setImmediate(run)
    return () => clearImmediate(immediate)
  }
  const timer = setTimeout(run, ms)
  return () => clearTimeout(timer)
}
