/**
 * The text protocol: JSON in text messages, for a browser's console and for clients in any language.
 *
 * It has no handshake, and its heartbeats are WebSocket pings. The gateway parses only the number and the
 * route of a request; the body goes to the worker unparsed. Malformed text is answered with an error and
 * leaves the connection open.
 *
 *   beginning ──▶ open        beginning: the client is authenticated, and its session settled; messages of
 *       └──▶ refused          the client wait meanwhile
 */
import { type ErrorData, errors, GatewayError } from '../../shared/errors.js'
import { findId, scanRequest, type TextRequest } from '../../shared/wire/text.js'
import type { GatewayEvent } from '../events/event.js'
import { frameForms } from '../events/event-frame.js'
import { encodeFrame } from '../events/frames.js'
import type { HandshakeRefusal } from '../sessions/authentication.js'
import { encodeJson, type Protocol, type ProtocolHost } from './protocol.js'

export class TextProtocol implements Protocol {
  readonly name = 'json'
  readonly readsRich = false
  readonly #host: ProtocolHost
  #state: 'beginning' | 'open' | 'refused' = 'beginning'
  /** Messages that came before the session began. */
  #early: Buffer[] = []

  constructor(host: ProtocolHost) {
    this.#host = host
  }

  get isReady(): boolean {
    return this.#state === 'open'
  }

  /** Authenticates the client, and opens its session if it is let in. */
  start(): void {
    const { connectionSession } = this.#host
    connectionSession.authenticate(undefined, refusal => {
      if (refusal !== undefined) return this.#refuse(refusal)
      connectionSession.settle(undefined, undefined, unsettled => this.#settled(unsettled))
    })
  }

  receive(bytes: Buffer): void {
    if (this.#state === 'open') return this.#read(bytes)
    if (this.#state === 'refused') return
    // After the pause, messages of the chunk that the socket has already read still arrive: one chunk at
    // most.
    this.#host.pause()
    this.#early.push(bytes)
  }

  #settled(refusal: HandshakeRefusal | undefined): void {
    if (refusal !== undefined) return this.#refuse(refusal)
    this.#state = 'open'
    this.#host.open()
    this.#receiveEarly()
  }

  #receiveEarly(): void {
    const early = this.#early
    this.#early = []
    if (early.length === 0) return
    this.#host.resume()
    for (const bytes of early) this.#host.receive(bytes)
  }

  #refuse(refusal: HandshakeRefusal): void {
    this.#state = 'refused'
    this.#early = []
    this.#host.sendFrame(this.encodeKick(refusal.reason))
    this.#host.close(refusal.code, refusal.reason)
  }

  #read(bytes: Buffer): void {
    let scanned: TextRequest
    try {
      scanned = scanRequest(bytes)
    } catch (error) {
      // The connection stays open, since a person at a console makes typing errors.
      if (!(error instanceof GatewayError) || error.code !== errors.frameMalformed.code) throw error
      if (!this.#host.countFrame()) return
      const answer = `[${findId(bytes) ?? null},null,${encodeJson({ error: error.code, message: error.message })}]`
      return this.#host.sendFrame(encodeFrame(answer, true))
    }
    const { id, route, traceparent, bodyStart, bodyEnd } = scanned
    const body = bytes.toString('latin1', bodyStart, bodyEnd)
    const size = bytes.length
    // Written in full: V8 spreads an object slowly, and this is done for each request.
    this.#host.request({
      route,
      knownRoutes: 0,
      id,
      gzipped: false,
      rich: false,
      traceparent,
      body,
      size
    })
  }

  beat(): void {
    this.#host.ping()
  }

  encodeReply(id: number, body: string): string {
    return encodeFrame(`[${id},${body === '' ? 'null' : body}]`, true)
  }

  encodeError(id: number, { code, message, data }: ErrorData): string {
    return encodeFrame(`[${id},null,${encodeJson({ error: code, message, data })}]`, true)
  }

  encodeEvent(event: GatewayEvent): string {
    const frame =
      event.findFrame(frameForms.text) ??
      event.addFrame(frameForms.text, encodeFrame(formatEvent(event.name, event.body), true))
    return frame.text
  }

  encodeKick(reason: string): string {
    return encodeFrame(formatEvent('$kick', encodeJson({ reason })), true)
  }
}

/** Returns the text of an event: `[name, body]`, in which an empty body is null. */
function formatEvent(name: string, body: string): string {
  return `[${encodeJson([name]).slice(1, -1)},${body === '' ? 'null' : body}]`
}
