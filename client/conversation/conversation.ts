/**
 * A client's conversation with its gateway, across connections. It performs the handshake, counts the
 * messages that it receives, sends messages again if they did not arrive, and reconnects when a connection is
 * lost. Owned by the Client, which knows the meaning of the messages.
 *
 *   connecting ──▶ open ⇄ resuming        closed: for good
 *        └──────────▶ closed ◀──┘
 */
import { closeCodes, mayComeBack, mayHaveRetryHint, parseComeBack } from '../../shared/close-codes.js'
import { type ErrorData, errors } from '../../shared/errors.js'
import { decodeMessage, type MessageHeader } from '../../shared/wire/message.js'
import { type PackageKind, packageKinds } from '../../shared/wire/package.js'
import { decodeCount, encodeCount, type ResumeReply } from '../../shared/wire/resume.js'
import type { ResolvedClientOptions } from '../base/options.js'
import type { ClientState, Failure, StateChange } from '../base/state.js'
import { Attempt } from '../socket/attempt.js'
import { BackOff } from './back-off.js'
import { Dictionary } from './dictionary.js'
import { decodeHandshake, encodeHandshake } from './handshake.js'
import { Heartbeat } from './heartbeat.js'
import { encodeMessage } from './message.js'
import { Outbox } from './outbox.js'
import { watchPresence } from './presence.js'
import { ReceivedCount } from './received-count.js'

export interface ConversationListener {
  changed(change: StateChange): void
  message(header: MessageHeader, bytes: Uint8Array, end: number): void
  /**
   * Called when the session is lost, and with it the messages in the outbox; the outbox is emptied after the
   * call.
   */
  sessionLost(): void
}

/**
 * The error that ended a conversation. `cause`: the thrown value, if the conversation ended because of one.
 */
export interface ClosingError extends ErrorData {
  readonly cause?: unknown
}

/** Upper bound in milliseconds of the wait that the gateway may ask the client for. */
const longestHint = 60_000

export class Conversation {
  readonly #url: string
  readonly #options: ResolvedClientOptions
  readonly #listener: ConversationListener
  readonly outbox: Outbox
  readonly #backOff: BackOff
  readonly #heartbeat: Heartbeat
  readonly #endPresence: () => void
  #state: ClientState = 'connecting'
  #attempt: Attempt | undefined
  #timer: ReturnType<typeof setTimeout> | undefined
  /** Token and epoch to resume with. undefined: not connected yet, or the gateway offers none. */
  #resume: ResumeReply | undefined
  #received = new ReceivedCount()
  /** Route codes of the last handshake. */
  dictionary = new Dictionary()
  #kickReason: string | undefined
  /** Milliseconds until the next attempt, if the game or the gateway set them; else the back-off decides. */
  #pause: number | undefined
  /** Whether bodies are in superjson's form, in both directions. */
  rich = false
  /** Largest body in bytes, as the gateway last said; undefined: it did not say. */
  maxBodyBytes: number | undefined
  /** The game's answer to the last handshake. */
  user: unknown
  /**
   * The reason why the last attempt failed or the connection was lost; undefined after a successful
   * handshake.
   */
  failure: Failure | undefined
  /** The error that ended the conversation; undefined while it goes on. */
  error: ClosingError | undefined

  constructor(url: string, options: ResolvedClientOptions, listener: ConversationListener) {
    this.#url = url
    this.#options = options
    this.#listener = listener
    this.outbox = new Outbox(options.outboxLimit)
    this.#backOff = new BackOff(options.backOff, options.random)
    this.#heartbeat = new Heartbeat({
      interval: options.heartbeat,
      timeout: options.heartbeatTimeout,
      monotonic: options.monotonic,
      ask: () => this.#beat(),
      onSilent: () => this.#attempt?.close(closeCodes.silent, 'the gateway is silent')
    })
    this.#endPresence = watchPresence({
      present: () => this.#checkConnection(),
      away: () => this.#suspend(),
      gone: () => this.end(errors.connectionClosed('the page has gone'))
    })
  }

  get state(): ClientState {
    return this.#state
  }

  /** Begins an attempt to connect, unless one is under way or connected. */
  start(): void {
    clearTimeout(this.#timer)
    if (this.#attempt !== undefined || this.#state === 'closed') return
    this.#attempt = new Attempt({
      url: this.#url,
      options: this.#options,
      describe: user => this.#describe(user),
      received: (...received) => this.#receive(...received),
      ended: (code, reason) => this.#lost(code, reason),
      failed: (failure, isFatal) => this.#failed(failure, isFatal)
    })
  }

  /** Writes the waiting messages of the outbox, if there is an open connection. */
  flush(): void {
    if (this.#state !== 'open') return
    for (let message = this.outbox.next(); message !== undefined; message = this.outbox.next()) {
      this.#attempt!.send(packageKinds.data, encodeMessage(message, this.dictionary.write(message.route)))
      this.#received.sent()
    }
    if (this.#resume === undefined) this.outbox.acknowledgeWritten()
    this.#beatIfDue()
  }

  /** Drops the connection, and connects again. `after`: milliseconds until the attempt. */
  reconnect(after: number): void {
    if (this.#state === 'closed') return
    this.#pause = after
    if (this.#attempt !== undefined) return this.#attempt.close(closeCodes.reconnect, 'the client reconnects')
    this.#schedule()
  }

  /** Ends the conversation for good. */
  end(error: ClosingError, code: number = closeCodes.normal, reason = error.message): void {
    if (this.#state === 'closed') return
    this.error = error
    this.#change('closed', false, code, reason)
    clearTimeout(this.#timer)
    this.#heartbeat.stop()
    this.#endPresence()
    this.#attempt?.close(closeCodes.normal, '')
  }

  #describe(user: unknown): Uint8Array {
    const { token, epoch } = this.#resume ?? {}
    const received = this.#received.value
    const resume = token === undefined || epoch === undefined ? undefined : { token, epoch, received }
    return encodeHandshake({ dictVersion: this.dictionary.version, resume, user })
  }

  #receive(kind: PackageKind, bytes: Uint8Array, start: number, end: number): void {
    this.#heartbeat.hear()
    switch (kind) {
      case packageKinds.handshake:
        return this.#finishHandshake(bytes.subarray(start, end))
      case packageKinds.data: {
        const header = decodeMessage(bytes, start, end)
        if (!header.uncounted) this.#received.received(end - start)
        this.#beatIfDue()
        return this.#listener.message(header, bytes, end)
      }
      case packageKinds.received:
        if (!this.outbox.acknowledge(decodeCount(bytes, start, end)))
          throw errors.frameMalformed('the gateway counts more than was sent')
        return
      case packageKinds.kick:
        this.#kickReason = String(JSON.parse(new TextDecoder().decode(bytes.subarray(start, end))).reason)
    }
  }

  #finishHandshake(body: Uint8Array): void {
    const answer = decodeHandshake(body)
    if (!answer.accepted) {
      const told = (answer.user as { reason?: unknown } | undefined | null)?.reason
      const why = answer.outdated
        ? 'this client is too old'
        : typeof told === 'string'
          ? told
          : 'see its data'
      const { code, message } = errors.handshakeRefused(why)
      return this.end({ code, message, data: answer.user }, closeCodes.handshakeRefused)
    }
    this.#attempt!.opened()
    this.failure = undefined
    this.user = answer.user
    this.rich = answer.rich
    this.maxBodyBytes = answer.maxBodyBytes
    this.dictionary = this.dictionary.after(answer)
    const resumed = answer.resume?.resumed === true
    if (!resumed) this.#beginAnew()
    this.#resume = answer.resume
    this.outbox.rewind()
    if (resumed && !this.outbox.acknowledge(answer.resume!.received))
      throw errors.frameMalformed('the gateway counts more than was sent')
    this.#attempt!.send(packageKinds.handshakeAck)
    this.#backOff.succeeded()
    this.#heartbeat.start(answer.heartbeat && answer.heartbeat * 1_000)
    this.#change('open', resumed)
    this.flush()
  }

  /** Resets the counts for a new session; messages of the old one do not belong to it. */
  #beginAnew(): void {
    if (this.#state === 'resuming') {
      this.#listener.sessionLost()
      this.outbox.clear()
    }
    this.#received = new ReceivedCount()
  }

  #beatIfDue(): void {
    if (this.#resume !== undefined && this.#received.isDue) this.#beat()
  }

  /** Sends a heartbeat, with the count of received messages where the gateway resumes. */
  #beat(): void {
    if (this.#state !== 'open') return
    if (this.#resume === undefined) this.#attempt!.send(packageKinds.heartbeat)
    else this.#attempt!.send(packageKinds.received, encodeCount(this.#received.report()))
  }

  #lost(code: number, reason: string): void {
    this.#heartbeat.stop()
    this.#attempt = undefined
    if (this.#state === 'closed') return
    const why = this.#kickReason ?? reason
    this.failure = { reason: why === '' ? `the connection ended with code ${code}` : why, cause: undefined }
    if (!mayComeBack(code)) {
      const { code: name, message } = errors.connectionClosed(why === '' ? `code ${code}` : why)
      return this.end({ code: name, message, data: { code, reason: why } }, code, why)
    }
    if (this.#state === 'open') this.#change('resuming', false, code, why)
    // A gateway that restarts tells its clients when to come back, which spreads them over some time. A
    // gateway that cannot answer a handshake now tells the client when to try again.
    const hint = mayHaveRetryHint(code) ? parseComeBack(why) : undefined
    if (hint !== undefined) this.#pause ??= Math.min(hint, longestHint)
    this.#kickReason = undefined
    this.#schedule()
  }

  #failed(failure: Failure, isFatal: boolean): void {
    this.#attempt = undefined
    this.failure = failure
    if (!isFatal) return this.#schedule()
    const { code, message } = errors.connectFailed(this.#url, failure.reason)
    this.end({ code, message, cause: failure.cause })
  }

  #schedule(): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.start(), this.#pause ?? this.#backOff.next())
    this.#pause = undefined
  }

  /** Checks the connection, or connects, when the network or the page is back. */
  #checkConnection(): void {
    if (this.#state === 'open') this.#heartbeat.askNow()
    else this.start()
  }

  /**
   * Closes the connection when the browser puts the page into its back/forward cache, and makes no attempt
   * until the page returns. An open socket would keep the page out of the cache.
   */
  #suspend(): void {
    this.reconnect(0)
    clearTimeout(this.#timer)
    this.#pause = undefined
  }

  #change(state: ClientState, resumed: boolean, code?: number, reason = ''): void {
    this.#state = state
    this.#listener.changed({ state, resumed, code, reason })
  }
}
