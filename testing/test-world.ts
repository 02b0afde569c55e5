/**
 * Handlers as functions, called with sessions that need no gateway, no thread and no socket: for unit tests. What a handler
 * pushes, binds, joins and sends is done by the same code as in a running gateway.
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
import { nobody } from '../workers/operations/caller.js'
import { Messenger } from '../workers/operations/messenger.js'
import { SessionOperations } from '../workers/operations/session-operations.js'
import { createLinkWorld, type LinkWorld, standardLimits } from './link-world.js'

export interface TestSessionInit {
  /** The user that the session is bound to. Default: none. */
  readonly uid?: string
  /** What it holds. Default: nothing. */
  readonly settings?: Readonly<Record<string, unknown>>
}

/** An event as its client would get it. */
export interface TestEvent {
  readonly event: string
  readonly body: unknown
}

/** A line of the log. */
export interface TestLogLine {
  readonly level: LogLevel
  readonly message: string
  readonly fields: Readonly<Record<string, unknown>>
}

const frontendId = 'test-gateway'

/** Sessions that know of each other: the same users, the same channels. */
export class TestWorld {
  /** What handlers have logged, and operations of theirs that were refused. */
  readonly lines: TestLogLine[] = []
  readonly #world: LinkWorld

  constructor() {
    const log = createLogger('debug', (level, message, fields = {}) =>
      this.lines.push({ level, message, fields })
    )
    this.#world = createLinkWorld({ frontendId, log })
  }

  /** A new session. */
  join({ uid, settings = {} }: TestSessionInit = {}): TestSession {
    const events: TestEvent[] = []
    const { registry } = this.#world
    const session = registry.open(createReceiver(events))
    if (uid !== undefined) registry.bind(session, uid)
    const test = new TestSession(this.#world, session, events, this.lines)
    test.put(settings)
    return test
  }

  /** Ends it; without this the process may not end. */
  close(): void {
    this.#world.close()
  }
}

export class TestSession {
  /** Events that were sent to it, oldest first. */
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

  /** What the gateway holds: what was pushed, and nothing else. */
  get settings(): Record<string, unknown> {
    return { ...this.#session.settings }
  }

  /**
   * Calls a handler as the gateway would: with a BackendSession of its own, and with a context. What it asked for is done when
   * this resolves. Rejects with what the handler throws.
   */
  async call<Body, Reply, Settings = AnySettings>(
    handler: HandlerFunction<Body, Reply, Settings>,
    body: Body,
    { kind = 'request' }: { readonly kind?: 'request' | 'notify' } = {}
  ): Promise<Reply> {
    const view = this.#world.view(this.#session)
    const origin = { ...nobody, view, viewOf: () => view.viewId }
    const { link } = this.#world
    const operations = new SessionOperations(link, origin, standardLimits)
    const messenger = new Messenger(link, origin, operations, frontendId)
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
      // The answer to one question comes when all before it has been done.
      await new Channel('settled', messenger).size()
    }
  }

  /** Sets keys as if an earlier request had pushed them. */
  put(settings: Readonly<Record<string, unknown>>): void {
    for (const [key, value] of Object.entries(settings)) {
      const error = this.#session.changeKey(key, encodeValue(key, value), 0, standardLimits)
      if (error !== undefined) throw error
    }
  }

  /** Ends the session, as when its client leaves. */
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
