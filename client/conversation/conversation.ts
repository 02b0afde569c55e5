/**
 * A client's conversation with its gateway, across connections. It performs the handshake, counts the
 * messages that it receives, sends messages again if they did not arrive, and reconnects when a connection is
 * lost. Owned by the Client, which knows the meaning of the messages.
 *
 *   connecting ──▶ open ⇄ resuming        closed: for good
 *        └──────────▶ closed ◀──┘
 */
import { closeCodes, mayComeBack, mayHaveRetryHint, parseComeBack } from '../../shared/close-codes.js'
import { decodeMessage } from '../../shared/wire/message.js'
import { type PackageKind, packageKinds } from '../../shared/wire/package.js'
import { decodeCount, encodeCount, type ResumeReply } from '../../shared/wire/resume.js'
import { wireErrors } from '../../shared/wire-errors.js'
import { type ClosingError, connectError } from '../base/closing-error.js'
import type { ResolvedClientOptions } from '../base/options.js'
import type { ClientState, Failure } from '../base/state.js'
import type { Fault } from '../base/web-socket.js'
import { Attempt } from '../socket/attempt.js'
import { BackOff } from './back-off.js'
import type { ConversationListener } from './conversation-listener.js'
import { Dictionary } from './dictionary.js'
import { decodeHandshake, describeRefusal, encodeHandshake } from './handshake.js'
import { Heartbeat } from './heartbeat.js'
import { KeptPlace } from './kept-place.js'
import { encodeMessage } from './message.js'
import { Outbox } from './outbox.js'
import { watchPresence } from './presence.js'
import { ReceivedCount } from './received-count.js'
import { RetryTimer } from './retry-timer.js'

export class Conversation {
  readonly #url: string
  readonly #options: ResolvedClientOptions
  readonly #listener: ConversationListener
  readonly outbox: Outbox
  readonly #retry: RetryTimer
  readonly #place: KeptPlace
  readonly #heartbeat: Heartbeat
  readonly #endPresence: () => void
  #state: ClientState = 'connecting'
  #attempt: Attempt | undefined
  /** Token and epoch to resume with. undefined: not connected yet, or the gateway offers none. */
  #resume: Pick<ResumeReply, 'token' | 'epoch'> | undefined
  #received: ReceivedCount
  /** The id after which the ids of requests begin. */
  readonly firstId: number
  /** Whether the last handshake resumed a session. */
  resumed = false
  /** Route codes of the last handshake. */
  dictionary = new Dictionary()
  #kickReason: string | undefined
  #traced = false
  /** Whether bodies are in superjson's form, in both directions. */
  rich = false
  /** Largest body in bytes, as the gateway last said; undefined: it did not say. */
  maxBodyBytes: number | undefined
  /** The game's answer to the last handshake. */
  user: unknown
  /** Why the last attempt failed or the connection was lost; undefined after a successful handshake. */
  failure: Failure | undefined
  /** The error that ended the conversation; undefined while it goes on. */
  error: ClosingError | undefined

  constructor(url: string, options: ResolvedClientOptions, listener: ConversationListener) {
    this.#url = url
    this.#options = options
    this.#listener = listener
    this.outbox = new Outbox(options.outboxLimit)
    this.#retry = new RetryTimer(new BackOff(options.backOff, options.random), () => this.start())
    this.#place = new KeptPlace(options.keep, url)
    const place = this.#place.take()
    this.#resume = place && { token: place.token, epoch: place.epoch }
    this.#received = new ReceivedCount(place?.received)
    this.firstId = place?.lastId ?? 0
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
      gone: () => {
        // A page that keeps its place may be loaded again, and go on with its session.
        if (options.keep !== undefined) this.leave('the page was left')
        this.end(wireErrors.connectionClosed('the page has gone'))
      }
    })
  }

  get state(): ClientState {
    return this.#state
  }

  /** Begins an attempt to connect, unless one is under way or connected. */
  start(): void {
    this.#retry.cancel()
    if (this.#attempt !== undefined || this.#state === 'closed') return
    this.#attempt = new Attempt({
      url: this.#url,
      options: this.#options,
      describe: user => this.#describe(user),
      received: (...received) => this.#receive(...received),
      ended: (code, reason) => this.#lost(code, reason),
      failed: (...failed) => this.#failed(...failed)
    })
  }

  /** Writes the waiting messages of the outbox, if there is a connection: none while its loss is told. */
  flush(): void {
    if (this.#state !== 'open' || this.#attempt === undefined) return
    for (let message = this.outbox.next(); message !== undefined; message = this.outbox.next()) {
      const route = this.dictionary.write(message.route)
      this.#attempt.send(packageKinds.data, encodeMessage(message, route, this.#traced))
      this.#received.sent(message.size)
    }
    if (this.#resume === undefined) this.outbox.acknowledgeWritten()
    this.#beatIfDue()
  }

  /** Drops the connection, and connects again. `after`: milliseconds until the attempt. */
  reconnect(after: number): void {
    if (this.#state === 'closed') return
    this.#retry.ask(after)
    if (this.#attempt !== undefined) return this.#attempt.close(closeCodes.reconnect, 'the client reconnects')
    this.#retry.schedule()
  }

  /** Ends the conversation for good, and leaves the session waiting. */
  leave(why: string): void {
    if (this.#state === 'closed') return
    this.#keepPlace()
    this.end(wireErrors.connectionClosed(why), closeCodes.reconnect)
  }

  /**
   * Ends the conversation for good. The code `reconnect` leaves the session waiting; any other one ends it.
   */
  end(error: ClosingError, code: number = closeCodes.normal, reason = error.message): void {
    if (this.#state === 'closed') return
    // A place that was not resumed yet may be resumed by the next client.
    const isUnused = this.#state === 'connecting' && this.#resume !== undefined
    if (isUnused) this.#keepPlace()
    this.error = error
    this.#change('closed', false, code, reason)
    this.#retry.cancel()
    this.#heartbeat.stop()
    this.#endPresence()
    const isLeft = isUnused || code === closeCodes.reconnect
    this.#attempt?.close(isLeft ? closeCodes.reconnect : closeCodes.normal, '')
  }

  #describe(user: unknown): Uint8Array {
    const resume = this.#resume && { ...this.#resume, received: this.#received.value }
    const traced = this.#options.tracing !== false
    return encodeHandshake({ dictVersion: this.dictionary.version, resume, user, traced })
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
          throw wireErrors.frameMalformed('the gateway counts more than was sent')
        return
      case packageKinds.kick:
        this.#kickReason = String(JSON.parse(new TextDecoder().decode(bytes.subarray(start, end))).reason)
    }
  }

  #finishHandshake(body: Uint8Array): void {
    const answer = decodeHandshake(body)
    if (!answer.accepted) {
      const { code, message } = wireErrors.handshakeRefused(describeRefusal(answer))
      return this.end({ code, message, data: answer.user }, closeCodes.handshakeRefused)
    }
    this.#attempt!.opened()
    this.failure = undefined
    this.user = answer.user
    this.rich = answer.rich
    this.#traced = answer.traced
    this.maxBodyBytes = answer.maxBodyBytes
    this.dictionary = this.dictionary.after(answer)
    const resumed = answer.resume?.resumed === true
    this.resumed = resumed
    if (!resumed) this.#beginAnew()
    // The messages of the client that had this place before are no longer known.
    else if (this.#state === 'connecting') this.outbox.clear(answer.resume!.received)
    this.#resume = answer.resume && { token: answer.resume.token, epoch: answer.resume.epoch }
    this.outbox.rewind()
    if (resumed && !this.outbox.acknowledge(answer.resume!.received))
      throw wireErrors.frameMalformed('the gateway counts more than was sent')
    this.#attempt!.send(packageKinds.handshakeAck)
    this.#retry.succeeded()
    if (answer.heartbeat !== undefined) this.#heartbeat.start(answer.heartbeat)
    this.#change('open', resumed, undefined, '', answer.resume?.restored === true)
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
    if (this.#isClosed) return
    const why = this.#kickReason ?? reason
    const kind = code === closeCodes.handshakeTimeout ? 'timeout' : 'closed'
    this.#report({ kind, reason: why || `the connection ended with code ${code}`, cause: undefined })
    if (this.#isClosed) return
    if (!mayComeBack(code)) {
      // Its session was ended on purpose: no other client is to ask for it.
      if (code === closeCodes.kicked || code === closeCodes.replaced) this.#resume = undefined
      const { code: name, message } = wireErrors.connectionClosed(why === '' ? `code ${code}` : why)
      return this.end({ code: name, message, data: { code, reason: why } }, code, why)
    }
    if (this.#state === 'open') this.#change('resuming', false, code, why)
    // A gateway that restarts, or can't answer a handshake now, tells each client when to come back.
    this.#kickReason = undefined
    if (!this.#isClosed) this.#retry.schedule(mayHaveRetryHint(code) ? parseComeBack(why) : undefined)
  }

  #failed(
    failure: Failure,
    isFatal: boolean,
    { isPermanent = false, retryAfter = 0 }: Partial<Fault> = {}
  ): void {
    this.#attempt = undefined
    this.#report(failure)
    if (this.#isClosed) return
    // Later on the same fault may pass, such as that of a proxy while the gateway is being replaced.
    if (isFatal || (isPermanent && this.#state === 'connecting'))
      return this.end(connectError(this.#url, failure))
    this.#retry.scheduleBehind(retryAfter)
  }

  #report(failure: Failure): void {
    this.failure = failure
    this.#listener.failed(failure)
  }

  /** Whether the game has closed the client, maybe when it was told of a failure. */
  get #isClosed(): boolean {
    return this.#state === 'closed'
  }

  /** Checks the connection, or connects, when the network or the page is back. */
  #checkConnection(): void {
    this.#place.drop()
    if (this.#state === 'open') this.#heartbeat.askNow()
    else this.start()
  }

  /**
   * Closes the connection when the browser puts the page into its back/forward cache, and makes no attempt
   * until the page returns. An open socket would keep the page out of the cache.
   */
  #suspend(): void {
    this.#keepPlace()
    this.reconnect(0)
    this.#retry.cancel()
  }

  #keepPlace(): void {
    const [received, lastId] = [this.#received.value, this.#listener.lastId()]
    if (this.#resume !== undefined) this.#place.put({ ...this.#resume, received, lastId })
  }

  #change(state: ClientState, resumed: boolean, code?: number, reason = '', restored = false): void {
    this.#state = state
    this.#listener.changed({ state, resumed, restored, code, reason })
  }
}
