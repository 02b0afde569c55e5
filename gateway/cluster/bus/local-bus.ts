/** A bus of a LocalNetwork, for tests: does what NatsBus does, within one process. */
import type { Bus, BusListener, Entry, LogInit, Subscription } from './bus.js'
import { BusListeners } from './bus-listeners.js'
import type { LocalLog } from './local-log.js'
import type { Attempt, LocalNetwork } from './local-network.js'

/** Milliseconds until a call of a log gives up. */
const answerTimeout = 2_000

/** Bytes of a message, as nats-server has it by default. */
const maxBytes = 1_048_576

/** A call that waits for its answer. */
interface Waiting<T> {
  readonly answer: Promise<T | undefined>
  readonly end: (value: T | undefined) => void
}

export class LocalBus implements Bus {
  readonly name: string
  readonly maxBytes = maxBytes
  readonly #network: LocalNetwork
  readonly #listeners: BusListeners
  readonly #waiting = new Set<() => void>()
  readonly #logs = new Map<string, LogInit>()
  readonly #stateListeners: ((isUp: boolean) => void)[] = []
  readonly #leave: () => void
  #state: 'up' | 'down' | 'closed' = 'up'
  #lastAsked = 0

  /** Use `LocalNetwork.join`. */
  constructor(name: string, network: LocalNetwork, leave: () => void) {
    this.name = name
    this.#network = network
    this.#listeners = new BusListeners(network.log)
    this.#leave = leave
  }

  get isUp(): boolean {
    return this.#state === 'up'
  }

  publish(subject: string, bytes: Uint8Array): void {
    this.#send(subject, bytes, undefined)
  }

  subscribe(subject: string, listener: BusListener): Subscription {
    return this.#state === 'closed' ? { end() {} } : this.#listeners.add(subject, listener)
  }

  ask(subject: string, bytes: Uint8Array, ms: number): Promise<Buffer | undefined> {
    const reply = `_INBOX.${this.name}.${++this.#lastAsked}`
    const { answer, end } = this.#wait<Buffer>(ms)
    const subscription = this.#listeners.add(reply, end)
    if (this.#send(subject, bytes, reply) === 0) this.#network.schedule(0, () => end(undefined))
    return answer.finally(() => subscription.end())
  }

  async makeLog(log: LogInit): Promise<void> {
    if (!this.#reachesLogs) throw new Error(`The bus gives no answer, so the log ${log.name} can't be made`)
    this.#network.makeLog(log)
    this.#logs.set(log.name, log)
  }

  madeAt(log: string): Promise<number | undefined> {
    return this.#call({ kind: 'first', to: log, subject: '' }, each => each.madeAt)
  }

  append(log: string, key: string, bytes: Uint8Array): Promise<number | undefined> {
    if (!this.#fits(log, bytes)) return Promise.resolve(undefined)
    return this.#call({ kind: 'append', to: log, subject: key, bytes }, each => each.append(key, bytes))
  }

  first(log: string, key: string, from = 1): Promise<Entry | null | undefined> {
    return this.#call({ kind: 'first', to: log, subject: key }, each =>
      each.first(key, from, entry => this.#network.hides(key, entry))
    )
  }

  async remove(log: string, number: number): Promise<boolean> {
    const answer = await this.#call({ kind: 'remove', to: log, subject: '' }, each => {
      each.remove(number)
      return true
    })
    return answer ?? false
  }

  async flush(): Promise<void> {}

  onState(listener: (isUp: boolean) => void): void {
    this.#stateListeners.push(listener)
  }

  async close(): Promise<void> {
    if (this.#state === 'closed') return
    this.setUp(false)
    this.#state = 'closed'
    this.#listeners.clear()
    this.#leave()
  }

  /** @internal */
  setUp(isUp: boolean): void {
    if (this.#state === 'closed' || this.isUp === isUp) return
    this.#state = isUp ? 'up' : 'down'
    if (!isUp) for (const end of [...this.#waiting]) end()
    for (const listener of this.#stateListeners) listener(isUp)
  }

  /** @internal */
  listensTo(subject: string): boolean {
    return this.isUp && this.#listeners.has(subject)
  }

  /** @internal */
  receive(subject: string, bytes: Buffer, reply: string | undefined): void {
    if (this.isUp) this.#listeners.tell(subject, bytes, reply)
  }

  get #reachesLogs(): boolean {
    return this.isUp && this.#network.reaches(this.name) && !this.#network.areLogsDown
  }

  /** Returns how many buses listen. */
  #send(subject: string, bytes: Uint8Array, reply: string | undefined): number {
    if (!this.isUp || !this.#fits(subject, bytes)) return 0
    return this.#network.carry(this, { subject, bytes, reply })
  }

  #fits(subject: string, { length }: Uint8Array): boolean {
    if (length <= maxBytes) return true
    this.#network.log.error('A message between gateways is too long', { subject, bytes: length, maxBytes })
    return false
  }

  #call<T>(
    asked: Pick<Attempt, 'kind' | 'to' | 'subject'> & { readonly bytes?: Uint8Array },
    apply: (log: LocalLog) => T
  ): Promise<T | undefined> {
    if (!this.isUp) return Promise.resolve(undefined)
    const { answer, end } = this.#wait<T>(answerTimeout)
    const { kind, to, subject, bytes } = asked
    const fault = this.#reachesLogs
      ? this.#network.fault({ kind, from: this.name, to, subject, bytes })
      : 'drop'
    if (fault === 'drop') return answer
    this.#network.schedule(typeof fault === 'object' ? fault.delay : 0, () => {
      if (this.#network.areLogsDown) return
      const log = this.#findLog(to)
      const value = log === undefined ? undefined : apply(log)
      if (log !== undefined && fault === 'double') apply(log)
      if (fault === 'dropAnswer' || !this.#network.reaches(this.name)) return
      this.#network.schedule(0, () => end(value))
    })
    return answer
  }

  #findLog(name: string): LocalLog | undefined {
    const init = this.#logs.get(name)
    return this.#network.logOf(name) ?? (init && this.#network.makeLog(init))
  }

  #wait<T>(ms: number): Waiting<T> {
    let resolveAnswer: (value: T | undefined) => void
    const answer = new Promise<T | undefined>(resolve => {
      resolveAnswer = resolve
    })
    const giveUp = () => end(undefined)
    const cancel = this.#network.schedule(ms, giveUp)
    const end = (value: T | undefined) => {
      cancel()
      this.#waiting.delete(giveUp)
      resolveAnswer(value)
    }
    this.#waiting.add(giveUp)
    return { answer, end }
  }
}
