/**
 * One connection to NATS, which is made anew whenever it is lost: the only file that knows NATS' client.
 *
 *     connecting ⇄ connected
 *          ↓           ↓
 *          └─→ closed ←┘
 *
 * The client could reconnect by itself. But then it keeps some of what is published meanwhile and sends it
 * later, waits for ever to flush a socket whose server has stopped, and gives up after two refusals. So each
 * client here has one connection, and its successor subscribes to the same subjects.
 */
import type { NatsConnection as Client, Subscription as ClientSubscription } from '@nats-io/transport-node'
import { errors, type GatewayError } from '../../../shared/errors.js'
import { valueWithin } from '../../../shared/with-timeout.js'
import type { BusLog } from './bus-listeners.js'
import {
  type ClientPackage,
  explainFailure,
  explainRefusal,
  type NatsAccess,
  readAccess
} from './nats-access.js'

/** Milliseconds between two attempts to connect, and what is added at random so that not all come at once. */
const retryAfter = 100
const retrySpread = 100

/** Milliseconds that one attempt may take. */
const connectTimeout = 5_000

/** Milliseconds between two pings. The connection is lost when as many have no answer. */
const pingInterval = 1_000
const maxPingOut = 2

/** Milliseconds that a close waits for what was published last. */
const flushTimeout = 500

export interface NatsConnectionInit {
  readonly access: NatsAccess
  /** The connection's name in the lists of NATS. */
  readonly name: string
  readonly log: BusLog
  readonly onState: () => void
  /** Called with an error that says what the server does not let this gateway do. */
  readonly onRefused: (error: GatewayError) => void
}

/** A message; `status` is NATS' own word, such as `503` if nobody listens to what was asked. */
export interface NatsMessage {
  readonly subject: string
  readonly bytes: Buffer
  readonly reply: string | undefined
  readonly status: string | undefined
}

/** Receives messages. It must not throw: that would end the client's reading for good, without a word. */
export type NatsListener = (message: NatsMessage) => void

interface Subscribed {
  readonly listener: NatsListener
  /** At the present client. */
  subscription: ClientSubscription | undefined
}

export class NatsConnection {
  readonly #package: ClientPackage
  readonly #init: NatsConnectionInit
  readonly #subscribed = new Map<string, Subscribed>()
  #state: 'connecting' | 'connected' | 'closed' = 'connecting'
  #client: Client | undefined
  /** Servers of which the last one has told. */
  #told: readonly string[] = []
  #retry: NodeJS.Timeout | undefined
  /** Why the last attempt has failed. */
  #failure: string | undefined

  private constructor(clientPackage: ClientPackage, init: NatsConnectionInit) {
    this.#package = clientPackage
    this.#init = init
  }

  /** @throws `NATS_FAILED`, `OPTION_INVALID` */
  static async open(init: NatsConnectionInit): Promise<NatsConnection> {
    const connection = new NatsConnection(await loadPackage(), init)
    try {
      connection.#use(await connection.#connect())
    } catch (error) {
      throw explainFailure(error, init.access)
    }
    return connection
  }

  get isUp(): boolean {
    return this.#state === 'connected'
  }

  /** Bytes that one message may have, by the last server. */
  get maxBytes(): number {
    return this.#client?.info?.max_payload ?? 1_048_576
  }

  /** Whether the server is one of several that keep logs together. */
  get isClustered(): boolean {
    return this.#client?.info?.cluster !== undefined
  }

  /** Sends a message if there is a connection. Never throws. */
  publish(subject: string, bytes: Uint8Array, reply?: string): void {
    if (this.#state !== 'connected') return
    try {
      this.#client!.publish(subject, bytes, reply === undefined ? undefined : { reply })
    } catch (error) {
      this.#init.log.error('A message between gateways was not sent', { subject, error })
    }
  }

  /** Calls `listener` for each message of a subject. A subject has one listener. */
  subscribe(subject: string, listener: NatsListener): void {
    const subscribed = { listener, subscription: undefined }
    this.#subscribed.set(subject, subscribed)
    if (this.#state === 'connected') this.#subscribeAt(this.#client!, subject, subscribed)
  }

  unsubscribe(subject: string): void {
    const subscribed = this.#subscribed.get(subject)
    this.#subscribed.delete(subject)
    if (this.#state === 'connected') subscribed?.subscription?.unsubscribe()
  }

  /**
   * Resolves when the server has had all that was published and subscribed before, or when the connection is
   * lost: the client would wait for ever.
   */
  async flush(): Promise<void> {
    const client = this.#client
    if (client !== undefined && !client.isClosed()) await Promise.race([client.flush(), client.closed()])
  }

  async close(): Promise<void> {
    if (this.#state === 'closed') return
    const client = this.#state === 'connected' ? this.#client : undefined
    this.#state = 'closed'
    clearTimeout(this.#retry)
    if (client === undefined) return
    this.#init.onState()
    await valueWithin(
      flushTimeout,
      client.flush().catch(() => {})
    )
    await client.close()
  }

  /** Tries each server once. */
  async #connect(): Promise<Client> {
    const { access, name } = this.#init
    const { servers, ...others } = readAccess(access, this.#package)
    return this.#package.connect({
      ...others,
      servers: [...new Set([...servers, ...this.#told])],
      name,
      noEcho: true,
      reconnect: false,
      timeout: connectTimeout,
      pingInterval,
      maxPingOut
    })
  }

  #use(client: Client): void {
    this.#client = client
    this.#state = 'connected'
    this.#failure = undefined
    this.#told = client.info?.connect_urls ?? []
    for (const [subject, subscribed] of this.#subscribed) this.#subscribeAt(client, subject, subscribed)
    void this.#watch(client)
    void client.closed().then(() => this.#onEnd(client))
    this.#init.onState()
  }

  async #watch(client: Client): Promise<void> {
    for await (const status of client.status()) {
      if (status.type === 'error') this.#refused(status.error)
      // The client would first flush the socket, which does not end if the server has stopped.
      if (status.type === 'staleConnection') void client.close()
    }
  }

  #refused(error: Error): void {
    const { access, log, onRefused } = this.#init
    if (error instanceof this.#package.PermissionViolationError) onRefused(explainRefusal(error, access))
    else log.error('NATS has refused something', { error: error.message })
  }

  #onEnd(client: Client): void {
    if (this.#state !== 'connected' || client !== this.#client) return
    this.#state = 'connecting'
    this.#init.onState()
    void this.#connectAnew()
  }

  async #connectAnew(): Promise<void> {
    try {
      const client = await this.#connect()
      if (this.#isConnecting) this.#use(client)
      else await client.close()
    } catch (error) {
      if (!this.#isConnecting) return
      this.#warn(explainFailure(error, this.#init.access).message)
      this.#retry = setTimeout(() => void this.#connectAnew(), retryAfter + Math.random() * retrySpread)
    }
  }

  /** Logs each reason once for a time without connection, not at each attempt. */
  #warn(failure: string): void {
    if (failure !== this.#failure) this.#init.log.warn(failure)
    this.#failure = failure
  }

  /** A getter of its own, since the compiler does not know that the state changes during a wait. */
  get #isConnecting(): boolean {
    return this.#state === 'connecting'
  }

  #subscribeAt(client: Client, subject: string, subscribed: Subscribed): void {
    subscribed.subscription = client.subscribe(subject, {
      callback: (refusal, message) => {
        if (refusal !== null) return
        const { data } = message
        subscribed.listener({
          subject: message.subject,
          // The client has Buffers or plain arrays, by how the bytes arrived.
          bytes: Buffer.from(data.buffer, data.byteOffset, data.byteLength),
          reply: message.reply === '' ? undefined : message.reply,
          status: message.headers?.status
        })
      }
    })
  }
}

/** @throws `OPTION_INVALID` if it is not installed */
async function loadPackage(): Promise<ClientPackage> {
  try {
    return await import('@nats-io/transport-node')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error
    throw errors.optionInvalid(
      'The option `nats` needs the package @nats-io/transport-node: npm install @nats-io/transport-node'
    )
  }
}
