/**
 * A bus on NATS, by two connections: one for the links, and one for all else.
 * A link with much to send then never keeps a lease or a question waiting.
 */
import { randomUUID } from 'node:crypto'
import { errors, type GatewayError } from '../../../shared/errors.js'
import type { ResolvedOptions } from '../../options/options.js'
import type { Bus, BusListener, Entry, LogInit, Subscription } from './bus.js'
import { BusListeners, type BusLog } from './bus-listeners.js'
import type { NatsAccess } from './nats-access.js'
import { NatsConnection, type NatsMessage } from './nats-connection.js'
import { NatsLogs } from './nats-logs.js'
import { orClosing } from './or-closing.js'
import { makeLinkTest, subjectsOf } from './subjects.js'

/** Milliseconds until a call of a log gives up. */
const answerTimeout = 2_000

export type NatsBusInit = NatsAccess &
  Pick<ResolvedOptions, 'clusterReplicas' | 'frontendId'> & {
    readonly log: BusLog
    /** Called with what NATS does not let this gateway do. Default: it is logged. */
    readonly onRefused?: (error: GatewayError) => void
  }

type Answer = Buffer | 'nobody' | undefined

interface Waiting {
  readonly end: (answer: Answer) => void
  readonly timer: NodeJS.Timeout
}

/** Said of a cluster of NATS that keeps each log on one of its servers. */
const onOneServer =
  'NATS has several servers, but keeps each log on one of them: without that one no users are claimed and no ' +
  'sessions kept, and if it is lost so are the logs. Set `clusterReplicas: 3` if there are three'

export class NatsBus implements Bus {
  readonly #log: BusLog
  readonly #isOfLinks: (subject: string) => boolean
  readonly #listeners: BusListeners
  readonly #logs: NatsLogs
  /** Prefix of the subjects on which answers arrive; a number follows. */
  readonly #answers: string
  readonly #waiting = new Map<number, Waiting>()
  readonly #stateListeners: ((isUp: boolean) => void)[] = []
  #data!: NatsConnection
  #control!: NatsConnection
  #state: 'up' | 'down' | 'closed' = 'down'
  #lastCall = 0

  private constructor({ cluster, clusterReplicas, log }: NatsBusInit) {
    this.#log = log
    this.#listeners = new BusListeners(log)
    this.#isOfLinks = makeLinkTest(cluster)
    this.#answers = `${subjectsOf(cluster).answers(randomUUID())}.`
    this.#logs = new NatsLogs({
      cluster,
      replicas: clusterReplicas,
      log,
      request: (subject, bytes) => this.#request(subject, bytes, answerTimeout),
      isClosed: () => this.#state === 'closed'
    })
  }

  /**
   * Connects to NATS, and expects that it keeps logs.
   *
   * @param signal ends it at once
   * @throws `NATS_FAILED`, `OPTION_INVALID`, after the signal its reason or `CLOSING`
   */
  static async connect(init: NatsBusInit, signal?: AbortSignal): Promise<NatsBus> {
    const bus = new NatsBus(init)
    try {
      await orClosing(bus.#open(init), signal)
      return bus
    } catch (error) {
      await bus.close()
      throw error
    }
  }

  get isUp(): boolean {
    return this.#state === 'up'
  }

  get maxBytes(): number {
    return this.#data.maxBytes
  }

  publish(subject: string, bytes: Uint8Array): void {
    if (this.#state === 'up' && this.#fits(subject, bytes))
      this.#connectionOf(subject).publish(subject, bytes)
  }

  subscribe(subject: string, listener: BusListener): Subscription {
    if (this.#state === 'closed') return { end() {} }
    const connection = this.#connectionOf(subject)
    const isFirst = !this.#listeners.hasExactly(subject)
    const subscription = this.#listeners.add(subject, listener)
    if (isFirst)
      connection.subscribe(subject, ({ bytes, reply }) => this.#listeners.tellExactly(subject, bytes, reply))
    return {
      end: () => {
        subscription.end()
        if (!this.#listeners.hasExactly(subject)) connection.unsubscribe(subject)
      }
    }
  }

  async ask(subject: string, bytes: Uint8Array, ms: number): Promise<Buffer | undefined> {
    const answer = await this.#request(subject, bytes, ms)
    return answer === 'nobody' ? undefined : answer
  }

  async makeLog(log: LogInit): Promise<void> {
    if (this.#state === 'closed')
      throw errors.natsFailed(`The log ${log.name} can't be made: the bus is closed`)
    await this.#logs.make(log)
  }

  madeAt(log: string): Promise<number | undefined> {
    return this.#logs.madeAt(log)
  }

  append(log: string, key: string, bytes: Uint8Array): Promise<number | undefined> {
    return this.#logs.append(log, key, bytes)
  }

  first(log: string, key: string, from = 1): Promise<Entry | null | undefined> {
    return this.#logs.first(log, key, from)
  }

  remove(log: string, number: number): Promise<boolean> {
    return this.#logs.remove(log, number)
  }

  onState(listener: (isUp: boolean) => void): void {
    this.#stateListeners.push(listener)
  }

  async flush(): Promise<void> {
    await Promise.all([this.#data.flush(), this.#control.flush()])
  }

  async close(): Promise<void> {
    if (this.#state === 'closed') return
    const wasUp = this.#state === 'up'
    this.#state = 'closed'
    this.#listeners.clear()
    this.#endAll()
    if (wasUp) this.#tellState(false)
    await Promise.all([this.#data?.close(), this.#control?.close()])
  }

  async #open(init: NatsBusInit): Promise<void> {
    const { frontendId, clusterReplicas, nats, log } = init
    const open = async (use: string, ownLog: BusLog) => {
      const connection = await NatsConnection.open({
        access: init,
        name: `${frontendId} ${use}`,
        log: ownLog,
        onState: () => this.#onState(),
        onRefused: init.onRefused ?? (({ message }) => log.error(message))
      })
      if (this.#state !== 'closed') return connection
      await connection.close()
      throw errors.closing()
    }
    this.#control = await open('control', log)
    // One of the two says why NATS is not reached: it is the same for both.
    const errorsOnly: BusLog = { error: (message, fields) => log.error(message, fields), warn() {} }
    this.#data = await open('data', errorsOnly)
    this.#control.subscribe(`${this.#answers}*`, message => this.#onAnswer(message))
    if (clusterReplicas > 1 && !this.#control.isClustered) {
      throw errors.natsFailed(
        `\`clusterReplicas\` is ${clusterReplicas}, but NATS at ${nats} is a single server, not a cluster of its own`
      )
    }
    if (clusterReplicas === 1 && this.#control.isClustered) log.warn(onOneServer, { clusterReplicas })
    this.#onState()
    await this.#logs.expectJetStream()
  }

  #connectionOf(subject: string): NatsConnection {
    return this.#isOfLinks(subject) ? this.#data : this.#control
  }

  #fits(subject: string, { length }: Uint8Array): boolean {
    const { maxBytes } = this
    if (length <= maxBytes) return true
    this.#log.error('A message between gateways is too long', { subject, bytes: length, maxBytes })
    return false
  }

  #request(subject: string, bytes: Uint8Array, ms: number): Promise<Answer> {
    const canAsk = this.#state !== 'closed' && this.#control.isUp
    if (!canAsk || !this.#fits(subject, bytes)) return Promise.resolve(undefined)
    const call = ++this.#lastCall
    return new Promise(resolve => {
      const end = (answer: Answer) => {
        const waiting = this.#waiting.get(call)
        if (waiting === undefined) return
        this.#waiting.delete(call)
        clearTimeout(waiting.timer)
        resolve(answer)
      }
      this.#waiting.set(call, { end, timer: setTimeout(end, ms, undefined) })
      this.#control.publish(subject, bytes, `${this.#answers}${call}`)
    })
  }

  #onAnswer({ subject, bytes, status }: NatsMessage): void {
    const waiting = this.#waiting.get(Number(subject.slice(this.#answers.length)))
    waiting?.end(status === '503' ? 'nobody' : bytes)
  }

  #endAll(): void {
    for (const { end } of [...this.#waiting.values()]) end(undefined)
  }

  /** One of the connections is up or down. The bus is up with both, but each goes on alone. */
  #onState(): void {
    if (this.#state === 'closed') return
    const isUp = this.#data?.isUp === true && this.#control?.isUp === true
    if (!this.#control?.isUp) this.#endAll()
    if (isUp === this.isUp) return
    this.#state = isUp ? 'up' : 'down'
    this.#tellState(isUp)
  }

  #tellState(isUp: boolean): void {
    for (const listener of this.#stateListeners) {
      try {
        listener(isUp)
      } catch (error) {
        this.#log.error('The state of the bus was not taken in', { isUp, error })
      }
    }
  }
}
