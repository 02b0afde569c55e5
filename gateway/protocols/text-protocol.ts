/**
 * JSON in text messages: for a browser's console and for a client in any language. No handshake; pings are those of
 * WebSocket. The gateway reads no more of a request than its number and its route.
 *
 *   asking ──▶ open        asking: who the client is; what it sends meanwhile waits
 *     └──▶ refused
 */
import { type ErrorData, errors, GatewayError } from '../../shared/errors.js'
import { scanRequest, type TextRequest } from '../../shared/wire/text.js'
import type { GatewayEvent } from '../events/event.js'
import { frameForms } from '../events/event-frame.js'
import { encodeFrame } from '../events/frames.js'
import type { HandshakeRefusal } from '../sessions/authentication.js'
import { encodeJson, type Protocol, type ProtocolHost } from './protocol.js'

export class TextProtocol implements Protocol {
  readonly name = 'json'
  readonly readsRich = false
  readonly #host: ProtocolHost
  #state: 'asking' | 'open' | 'refused' = 'asking'
  /** What came too early. */
  #early: Buffer[] = []

  constructor(host: ProtocolHost) {
    this.#host = host
  }

  get isReady(): boolean {
    return this.#state === 'open'
  }

  /** Lets the client in, if it may come. */
  start(): void {
    const { connectionSession } = this.#host
    connectionSession.authenticate(undefined, refused => {
      const refusal = refused ?? connectionSession.judge()
      if (refusal !== undefined) return this.#refuse(refusal)
      this.#state = 'open'
      this.#host.open()
      this.#catchUp()
    })
  }

  receive(bytes: Buffer): void {
    if (this.#state === 'open') return this.#read(bytes)
    if (this.#state === 'refused') return
    // What the socket had read already comes all the same: no more than one piece of it.
    this.#host.pause()
    this.#early.push(bytes)
  }

  #catchUp(): void {
    const early = this.#early
    this.#early = []
    if (early.length === 0) return
    this.#host.resume()
    for (const bytes of early) this.#host.receive(bytes)
  }

  #refuse(refusal: HandshakeRefusal): void {
    this.#state = 'refused'
    this.#early = []
    this.kick(refusal.reason)
    this.#host.refuse(refusal)
  }

  #read(bytes: Buffer): void {
    let scanned: TextRequest
    try {
      scanned = scanRequest(bytes)
    } catch (error) {
      // A person at a console mistypes: the connection stays.
      if (!(error instanceof GatewayError) || error.code !== errors.frameMalformed.code) throw error
      if (!this.#host.countFrame()) return
      return this.#send(`[null,null,${encodeJson({ error: error.code, message: error.message })}]`)
    }
    const { id, route, bodyStart, bodyEnd } = scanned
    const body = bytes.toString('latin1', bodyStart, bodyEnd)
    this.#host.request({ route, told: 0, id, gzipped: false, rich: false, body, size: bytes.length })
  }

  reply(id: number, body: string): void {
    this.#send(`[${id},${body === '' ? 'null' : body}]`)
  }

  error(id: number, { code, message, data }: ErrorData): void {
    this.#send(`[${id},null,${encodeJson({ error: code, message, data })}]`)
  }

  event(event: GatewayEvent): boolean {
    const frame =
      event.findFrame(frameForms.text) ??
      event.addFrame(frameForms.text, encodeFrame(formatEvent(event.name, event.body), true))
    return this.#host.sendEvent(event, frame.text)
  }

  kick(reason: string): void {
    this.#send(formatEvent('$kick', encodeJson({ reason })))
  }

  beat(): void {
    this.#host.ping()
  }

  #send(text: string): void {
    this.#host.send(text, true)
  }
}

function formatEvent(name: string, body: string): string {
  return `[${encodeJson([name]).slice(1, -1)},${body === '' ? 'null' : body}]`
}
