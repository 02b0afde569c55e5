/**
 * A client's conversation with its gateway, across as many sockets as it takes: shakes hands, counts what
 * comes, says again what did not arrive, and comes back when a socket is lost. What the messages mean is its
 * listener's business.
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
import { Attempt, type Failure } from '../socket/attempt.js'
import { BackOff } from './back-off.js'
import { Dictionary } from './dictionary.js'
import { decodeHandshake, encodeHandshake } from './handshake.js'
import { Heartbeat } from './heartbeat.js'
import { encodeMessage } from './message.js'
import { Outbox } from './outbox.js'
import { watchPresence } from './presence.js'

export type ClientState = 'connecting' | 'open' | 'resuming' | 'closed'

/** A change of a client's state. */
export interface StateChange {
  readonly state: ClientState
  /** With `open`: whether the session is the one from before. If not it is new, and knows nothing. */
  readonly resumed: boolean
  /** With `resuming` and `closed`: the close code, and why. */
  readonly code: number | undefined
  readonly reason: string
}

export interface ConversationListener {
  changed(change: StateChange): void
  message(header: MessageHeader, bytes: Uint8Array, end: number): void
  /** The session is gone, and all that the outbox holds with it. Called before it is emptied. */
  sessionLost(): void
}

/** Why a conversation is over, and what was thrown, if that is why. */
export interface ClosingError extends ErrorData {
  readonly cause?: unknown
}

/** Counted messages, and bytes of them, after which the gateway is told that they have come. */
const messagesPerCount = 64
const bytesPerCount = 65_536

/** Milliseconds that a client lets itself be told to wait, at most. */
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
  /** What the session is resumed with; undefined: the gateway keeps none, or there is none yet. */
  #resume: ResumeReply | undefined
  /** Counted messages that came in this epoch; and since the gateway was last told. */
  #received = 0
  #untold = { messages: 0, bytes: 0 }
  /** As the last handshake has it. */
  dictionary = new Dictionary()
  #kickReason: string | undefined
  /** Milliseconds until the next attempt, where somebody has said how many. */
  #pause: number | undefined
  /** Whether bodies are in superjson's form, both ways. */
  rich = false
  /** Bytes that a body may take, as the gateway said last; undefined: it did not. */
  maxBodyBytes: number | undefined
  /** What the gateway has for the client with the handshake. */
  user: unknown
  /** Why the last attempt came to nothing; undefined: it did not. */
  failure: Failure | undefined
  /** Why the conversation is over. */
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
      present: () => this.#look(),
      away: () => this.#rest(),
      gone: () => this.end(errors.connectionClosed('the page has gone'))
    })
  }

  get state(): ClientState {
    return this.#state
  }

  /** Begins an attempt to reach the gateway, if none is under way. */
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

  /** Writes what the outbox has, if there is a socket to write it to. */
  flush(): void {
    if (this.#state !== 'open') return
    for (let message = this.outbox.next(); message !== undefined; message = this.outbox.next()) {
      this.#attempt!.send(packageKinds.data, encodeMessage(message, this.dictionary.write(message.route)))
      this.#untold.messages++
    }
    if (this.#resume === undefined) this.outbox.acknowledgeWritten()
    else this.#tellCount()
  }

  /** Gives the socket up and seeks another, after so many milliseconds. */
  reconnect(after: number): void {
    if (this.#state === 'closed') return
    this.#pause = after
    if (this.#attempt !== undefined) return this.#attempt.close(closeCodes.reconnect, 'the client reconnects')
    this.#schedule()
  }

  /** Ends it for good. */
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
    const received = this.#received
    const resume = token === undefined || epoch === undefined ? undefined : { token, epoch, received }
    return encodeHandshake({ dictVersion: this.dictionary.version, resume, user })
  }

  #receive(kind: PackageKind, bytes: Uint8Array, start: number, end: number): void {
    this.#heartbeat.hear()
    switch (kind) {
      case packageKinds.handshake:
        return this.#shakeHands(bytes.subarray(start, end))
      case packageKinds.data: {
        const header = decodeMessage(bytes, start, end)
        if (!header.uncounted) this.#count(end - start)
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

  #shakeHands(body: Uint8Array): void {
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

  /** The session is new: nothing that was said before was said in it. */
  #beginAnew(): void {
    if (this.#state === 'resuming') this.#listener.sessionLost()
    if (this.#state === 'resuming') this.outbox.clear()
    this.#received = 0
    this.#untold = { messages: 0, bytes: 0 }
  }

  #count(bytes: number): void {
    this.#received++
    this.#untold.messages++
    this.#untold.bytes += bytes
    if (this.#resume !== undefined) this.#tellCount()
  }

  #tellCount(): void {
    const { messages, bytes } = this.#untold
    if (messages >= messagesPerCount || bytes >= bytesPerCount) this.#beat()
  }

  /** A sign of life; where both sides count, it says how far. The gateway answers it. */
  #beat(): void {
    if (this.#state !== 'open') return
    this.#untold = { messages: 0, bytes: 0 }
    if (this.#resume === undefined) this.#attempt!.send(packageKinds.heartbeat)
    else this.#attempt!.send(packageKinds.received, encodeCount(this.#received))
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
    // A gateway that restarts spreads its clients over a while; one that can't greet anybody says for how long.
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

  /** The network or the page is there again. */
  #look(): void {
    if (this.#state === 'open') this.#heartbeat.askNow()
    else this.start()
  }

  /**
   * The page is put away: nothing is tried until it is there again. Its socket would keep it from coming
   * back.
   */
  #rest(): void {
    this.reconnect(0)
    clearTimeout(this.#timer)
    this.#pause = undefined
  }

  #change(state: ClientState, resumed: boolean, code?: number, reason = ''): void {
    this.#state = state
    this.#listener.changed({ state, resumed, code, reason })
  }
}
