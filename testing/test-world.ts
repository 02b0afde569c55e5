/**
 * Sessions for unit tests of handlers, without a gateway, a worker or a socket. Operations of handlers (push,
 * bind, join, send) run through the same code as in a running gateway.
 */
import type { GatewayEvent } from '../gateway/events/event.js'
import type { Receiver, Session } from '../gateway/sessions/session.js'
import { decodeRich } from '../shared/bodies/rich-body.js'
import { createLogger, type LogLevel } from '../shared/text/log.js'
import { encodeValue } from '../shared/values/codec.js'
import { type AnySettings, BackendSession } from '../workers/api/backend-session.js'
import { BackendSessionService } from '../workers/api/backend-session-service.js'
import { Channel } from '../workers/api/channel.js'
import { HandlerContext } from '../workers/api/context.js'
import type { HandlerFunction } from '../workers/api/handler.js'
import { appCaller } from '../workers/operations/caller.js'
import { Messenger } from '../workers/operations/messenger.js'
import { SessionOperations } from '../workers/operations/session-operations.js'
import { createLinkWorld, type LinkWorld, standardLimits } from './link-world.js'

export interface TestSessionInit {
  /** User id that the session is bound to. Default: none. */
  readonly uid?: string
  /** Settings that the session holds. Default: none. */
  readonly settings?: Readonly<Record<string, unknown>>
}

/** An event as the session's client would receive it. */
export interface TestEvent {
  readonly event: string
  readonly body: unknown
}

/** A log line. */
export interface TestLogLine {
  readonly level: LogLevel
  readonly message: string
  readonly fields: Readonly<Record<string, unknown>>
}

const frontendId = 'test-gateway'

/** A group of sessions that share users and channels. */
export class TestWorld {
  /** Log lines of handlers, and lines about their refused operations, oldest first. */
  readonly lines: TestLogLine[] = []
  readonly #world: LinkWorld

  constructor() {
    const log = createLogger('debug', (level, message, fields = {}) =>
      this.lines.push({ level, message, fields })
    )
    this.#world = createLinkWorld({ frontendId, log })
  }

  /** Opens a session. */
  join({ uid, settings = {} }: TestSessionInit = {}): TestSession {
    const events: TestEvent[] = []
    const { registry } = this.#world
    const session = registry.open(createReceiver(events))
    if (uid !== undefined) registry.bind(session, uid)
    const test = new TestSession(this.#world, session, events, this.lines)
    test.put(settings)
    return test
  }

  /** Ends the world. Until then, its ports may keep the process from ending. */
  close(): void {
    this.#world.close()
  }
}

export class TestSession {
  /** Events that were sent to the session, oldest first. */
  readonly events: TestEvent[]
  readonly #world: LinkWorld
  readonly #session: Session
  readonly #lines: TestLogLine[]

  /** @internal Sessions come from `TestWorld.join`. */
  constructor(world: LinkWorld, session: Session, events: TestEvent[], lines: TestLogLine[]) {
    this.#world = world
    this.#session = session
    this.events = events
    this.#lines = lines
  }

  get id(): number {
    return this.#session.sid
  }

  get uid(): string | null {
    return this.#session.uid
  }

  get isOpen(): boolean {
    return this.#session.isOpen
  }

  /** Settings as the gateway holds them: without changes that were not pushed. */
  get settings(): Record<string, unknown> {
    return { ...this.#session.settings }
  }

  /**
   * Calls a handler as the gateway would: with a new BackendSession and a context. Resolves with the
   * handler's reply when its operations are done. Rejects with the handler's error. `kind`: default
   * `request`.
   */
  async call<Body, Reply, Settings = AnySettings>(
    handler: HandlerFunction<Body, Reply, Settings>,
    body: Body,
    { kind = 'request' }: { readonly kind?: 'request' | 'notify' } = {}
  ): Promise<Reply> {
    const view = this.#world.view(this.#session)
    const caller = { ...appCaller, view, viewOf: () => view.viewId }
    const { link } = this.#world
    const operations = new SessionOperations(link, caller, standardLimits)
    const messenger = new Messenger(link, caller, operations, frontendId)
    const service = new BackendSessionService(operations)
    const session = new BackendSession<Settings>(view, operations, { service })
    const context = new HandlerContext({
      route: handler.name,
      rid: 0,
      isNotify: kind === 'notify',
      signal: new AbortController().signal,
      log: createLogger('debug', (level, message, fields = {}) =>
        this.#lines.push({ level, message, fields })
      ),
      service,
      messenger,
      isDevelopment: true,
      worker: { index: 0 }
    })
    try {
      return await handler(body, session, context)
    } finally {
      // Operations are applied in order, so the answer to this one means that all earlier ones are applied.
      await new Channel('settled', messenger).size()
    }
  }

  /**
   * Sets settings, as if an earlier request had pushed them. Throws what `push` would throw, such as
   * `VALUE_TOO_LARGE`.
   */
  put(settings: Readonly<Record<string, unknown>>): void {
    for (const [key, value] of Object.entries(settings)) {
      const error = this.#session.changeKey(key, encodeValue(key, value), 0, standardLimits)
      if (error !== undefined) throw error
    }
  }

  /** Ends the session, as if its client had closed the connection. */
  leave(): void {
    this.#world.registry.end(this.#session, { code: 1000, reason: 'client closed', kickReason: null })
  }
}

function createReceiver(events: TestEvent[]): Receiver {
  return {
    address: { ip: '192.0.2.1', port: 1 },
    isConnected: true,
    readsRich: true,
    reply() {},
    error() {},
    event({ name, richBody }: GatewayEvent) {
      events.push({ event: name, body: decodeRich(Buffer.from(richBody, 'latin1').toString()) })
      return true
    },
    end() {},
    pause() {},
    resume() {}
  }
}
