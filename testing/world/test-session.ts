/** A session of a `TestWorld`: calls handlers for it, and plays what its client does. */
import type { Ending } from '../../gateway/sessions/registry-events.js'
import type { Session } from '../../gateway/sessions/session.js'
import { expectFunction, expectSettings } from '../../shared/check.js'
import { wallClock } from '../../shared/clock.js'
import { closeCodes } from '../../shared/close-codes.js'
import type { ConnectInfo, SessionHookName } from '../../shared/link/hooks.js'
import type { AbortReason } from '../../shared/link/inbox.js'
import { createLogger, type FullLogger } from '../../shared/text/log.js'
import { encodeValue } from '../../shared/values/codec.js'
import type { AnySettings } from '../../shared/values/session-settings.js'
import type { HandlerFunction } from '../../workers/api/handler.js'
import type { Closings } from './closings.js'
import { callHandler, type Run } from './handler-call.js'
import { type LinkWorld, standardLimits } from './link-world.js'
import { passBody, passError, passReply } from './passing.js'
import type { TestHooks } from './test-hooks.js'
import type { TestEnding, TestEvent, TestReceiver } from './test-receiver.js'
import type { TestLogLine } from './test-world.js'

export interface CallOptions {
  /** Default: `request`. */
  readonly kind?: 'request' | 'notify'
}

/** The body, which may be left out if the handler needs none, and options. */
export type CallArguments<Body> = undefined extends Body
  ? [body?: Body, options?: CallOptions]
  : [body: Body, options?: CallOptions]

/** @internal */
export interface TestSessionParts {
  readonly world: LinkWorld
  readonly frontendId: string
  readonly session: Session
  readonly receiver: TestReceiver
  readonly lines: TestLogLine[]
  readonly hooks: TestHooks
  readonly closings: Closings
}

/**
 * Milliseconds that a gateway waits for a client by default, as onDrop is told: for a session that holds
 * something, and for one without user, settings and channels.
 */
const [resumeWindow, unboundResumeWindow] = [60_000, 15_000]

export class TestSession {
  readonly #parts: TestSessionParts
  readonly #log: FullLogger
  #droppedAt: number | undefined
  /** Calls of handlers and hooks that have not ended: onClose waits for them. */
  #calls = 0
  /** The signals of those whose function runs. */
  readonly #signals = new Set<AbortController>()
  /** Why the session has ended, until its onClose is run. */
  #closedFor: string | undefined

  /** @internal Sessions come from `TestWorld.join` and `TestWorld.connect`. */
  constructor(parts: TestSessionParts) {
    this.#parts = parts
    this.#log = createLogger('debug', (level, message, fields = {}) =>
      parts.lines.push({ level, message, fields })
    )
  }

  get id(): number {
    return this.#parts.session.sid
  }

  get uid(): string | null {
    return this.#parts.session.uid
  }

  get isOpen(): boolean {
    return this.#parts.session.isOpen
  }

  /** Events that the client has received, oldest first. What is sent while it is away comes at `resume`. */
  get events(): TestEvent[] {
    return this.#parts.receiver.events
  }

  /** What the client is told at the end of the session; undefined until then, or if it has left itself. */
  get ending(): TestEnding | undefined {
    return this.#parts.receiver.ending
  }

  /** Settings as the gateway holds them: without changes that were not pushed. */
  get settings(): Partial<AnySettings> {
    return { ...this.#parts.session.settings } as Partial<AnySettings>
  }

  /**
   * Calls a handler as the gateway would: with a new BackendSession and a context, but without the filters of
   * its folders. The body and the reply are those that the other side would read: copies. Resolves with the
   * handler's reply when its operations are done, and the onClose of each session that they have ended; so
   * late it rejects, too.
   *
   * @throws the handler's error, of which a `RequestError` has the data that its client would read;
   * `BODY_NOT_SERIALIZABLE`, `REPLY_NOT_SERIALIZABLE`; `BODY_TOO_LARGE` and `BODY_MALFORMED` beyond a
   * gateway's default limits; an Error if the session has ended
   */
  async call<Body, Reply, Settings = AnySettings>(
    handler: HandlerFunction<Body, Reply, Settings>,
    ...[given, { kind = 'request' } = {}]: CallArguments<Body>
  ): Promise<Reply> {
    const body = given as Body
    const { world } = this.#parts
    world.expectOpen()
    expectFunction(handler, 'the handler to call')
    if (!this.isOpen) throw new Error('The session has ended: its client can send nothing')
    const asked = passBody(body)
    // Its module is not known here.
    const run: Run = { route: handler.name, kind }
    const called = this.#untilOver(this.#call(handler, asked, run))
    const reply = await called.catch(error => {
      throw passError(error, this.#log)
    })
    return passReply(reply)
  }

  async #call<Body, Reply, Settings = AnySettings>(
    handler: HandlerFunction<Body, Reply, Settings>,
    body: Body,
    run: Run
  ): Promise<Reply> {
    const { world } = this.#parts
    world.expectOpen()
    const controller = new AbortController()
    this.#calls++
    this.#signals.add(controller)
    try {
      const { signal } = controller
      return await callHandler(handler, body, { ...run, signal }, { ...this.#parts, log: this.#log })
    } finally {
      // A gateway does not abort a request whose handler is over.
      this.#signals.delete(controller)
      await world.settle()
      this.#calls--
      this.#closeIfDue()
    }
  }

  /**
   * Sets settings, as if an earlier request had pushed them. Throws what `push` would throw, such as
   * `SETTINGS_TOO_LARGE`.
   */
  put(settings: Readonly<Partial<AnySettings>>): void {
    for (const [key, value] of Object.entries(expectSettings(settings))) {
      const error = this.#parts.session.changeKey(key, encodeValue(key, value), 0, standardLimits)
      if (error !== undefined) throw error
    }
  }

  /**
   * Ends the session at once, as if its client had closed the connection, and runs onClose. Does nothing if
   * it has ended. Rejects with the error of onClose; a gateway logs it.
   */
  async leave(): Promise<void> {
    const { world, session, closings } = this.#parts
    world.expectOpen()
    if (!session.isOpen) return
    this.#end({ code: 1000, reason: 'client closed', kickReason: null })
    await world.untilClosed(closings.settled())
  }

  /**
   * Loses the client's connection and runs onDrop. The session waits until `resume` or until it is ended,
   * however long that takes; it ends at once if the game has set its resume window to 0. Rejects if the
   * client is away, or the session has ended.
   */
  async drop(): Promise<void> {
    this.#expectClient('connected')
    const { world, receiver, closings } = this.#parts
    const [reason, window] = ['connection lost (1006)', this.#window]
    this.#droppedAt = wallClock()
    receiver.drop()
    if (window === 0)
      this.#end({ code: 1006, reason: `${reason}, and not to be waited for`, kickReason: null })
    else await this.#untilOver(this.#run('onDrop', { reason, endsAt: this.#droppedAt + window }))
    await world.untilClosed(closings.settled())
  }

  /**
   * Brings the client back after `drop`: it receives the events that were kept for it, onConnect runs, then
   * onResume. Rejects if the client is not away, or the session has ended.
   */
  async resume(): Promise<void> {
    this.#expectClient('away')
    const { receiver, session } = this.#parts
    const awayFor = wallClock() - (this.#droppedAt ?? wallClock())
    receiver.comeBack()
    await this.begin(true)
    const resumed = session.isOpen && this.#run('onResume', { address: receiver.address, awayFor })
    if (resumed) await this.#untilOver(resumed)
  }

  /** @internal Tells what runs for the session that it has ended, and runs onClose once nothing does. */
  ended(reason: string): void {
    this.abort('session closed')
    this.#closedFor = reason
    this.#closeIfDue()
  }

  /** @internal Aborts the signals of all that runs for the session. */
  abort(reason: AbortReason): void {
    for (const controller of this.#signals) controller.abort(reason)
  }

  /** @internal Runs onConnect, and ends the session if that refuses it. */
  async begin(resumed: boolean): Promise<void> {
    const { world, session, receiver, closings } = this.#parts
    const { address } = receiver
    const info: ConnectInfo = { address, protocol: 'json', resumed, restored: false, moved: false }
    const [refusal] = await this.#untilOver(this.#run('onConnect', info))
    if (refusal !== undefined) {
      const { reason } = refusal as { reason: string }
      world.registry.end(session, { code: closeCodes.refused, reason: 'refused', kickReason: reason })
    }
    await world.untilClosed(closings.settled())
  }

  /** Milliseconds that the session would wait for its client in a gateway. */
  get #window(): number {
    const { session } = this.#parts
    const isBrief = session.holdsNothing && this.#calls === 0
    return session.resumeWindow ?? (isBrief ? unboundResumeWindow : resumeWindow)
  }

  /** Ends the session without telling its client, which has gone. */
  #end(ending: Ending): void {
    const { world, session, receiver } = this.#parts
    world.registry.end(session, ending)
    receiver.ending = undefined
  }

  #expectClient(state: 'connected' | 'away'): void {
    const { world, session, receiver } = this.#parts
    world.expectOpen()
    const is = !session.isOpen ? 'gone: its session has ended' : receiver.isConnected ? 'connected' : 'away'
    if (is !== state) throw new Error(`Expected the client to be ${state}; it is ${is}`)
  }

  /** Runs onClose if the session has ended, and everything that ran for it. */
  #closeIfDue(): void {
    const reason = this.#closedFor
    if (reason === undefined || this.#calls > 0) return
    this.#closedFor = undefined
    this.#parts.closings.add(this.#run('onClose', reason))
  }

  /**
   * Settles as what runs for the session, once the onClose of each session that it has ended is over. If both
   * fail, the error of onClose is left to the next wait for it, such as `settle` of the world.
   */
  async #untilOver<Value>(running: Promise<Value>): Promise<Value> {
    const { world, closings } = this.#parts
    let value: Value
    try {
      value = await world.untilClosed(running)
    } catch (error) {
      // The world's end is the only error here.
      await world.untilClosed(closings.over()).catch(() => {})
      throw error
    }
    await world.untilClosed(closings.settled())
    return value
  }

  async #run(name: SessionHookName, told: unknown): Promise<unknown[]> {
    const results: unknown[] = []
    for (const { route, call } of this.#parts.hooks.of(name))
      results.push(await this.#call(call as HandlerFunction, told, { route, kind: 'request' }))
    return results
  }
}
