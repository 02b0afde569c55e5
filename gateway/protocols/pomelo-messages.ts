/**
 * Encodes replies, errors and events for a Pomelo client, as the payloads of WebSocket messages.
 *
 * A payload is a text of one character for each byte. The encoding follows the client's declarations in its
 * handshake. It needs no connection, so that messages for an absent client can be encoded and kept for a
 * resume.
 */

import { wrapPlain } from '../../shared/bodies/rich-body.js'
import { type ErrorData, errors } from '../../shared/errors.js'
import { deliveries } from '../../shared/events/event.js'
import { formatKick } from '../../shared/wire/handshake.js'
import {
  type MessageHead,
  messageHeaderSize,
  messageKinds,
  writeMessageHeader
} from '../../shared/wire/message.js'
import {
  encodePackage,
  type PackageKind,
  packageKinds,
  writePackageHeader
} from '../../shared/wire/package.js'
import type { GatewayEvent } from '../events/event.js'
import { type EventFrame, frameForms } from '../events/event-frame.js'
import { encodeFrame } from '../events/frames.js'
import { encodeJson } from './protocol.js'

/** Size of the largest body that is certain to fit into a package, in bytes. */
const maxBody = 16_000_000

/** Characters to which an error's message is cut if the whole error is longer than `maxBody`. */
const longestMessage = 1_000

/** Scratch space for the headers of one message. The longest contain a route of 255 bytes. */
const headers = Buffer.alloc(512)

/** The form in which a client reads bodies and errors, as its handshake has declared it. */
export interface PomeloForm {
  /**
   * The bytes that stand for an empty body. Pomelo's servers send an empty object, and its clients rely on
   * it: they parse every body, and an empty text is not JSON.
   */
  readonly emptyBody: '' | '{}'
  /** Whether the client reads bit 5 of a reply's flags as "this is an error". */
  readonly errorFlag: boolean
  /** Whether bodies are in superjson's form. */
  readonly rich: boolean
}

export interface PomeloMessagesInit extends PomeloForm {
  /** Whether the client counts messages for a resume, so that uncounted ones need a mark. */
  readonly counts: boolean
  /** Codes of events in the client's dictionary, the same for all clients. Default: none. */
  readonly eventCodes?: ReadonlyMap<string, number>
}

export class PomeloMessages {
  readonly #init: PomeloMessagesInit

  constructor(init: PomeloMessagesInit) {
    this.#init = init
  }

  get readsRich(): boolean {
    return this.#init.rich
  }

  get form(): PomeloForm {
    return this.#init
  }

  reply(id: number, body: string): string {
    if (body.length > maxBody) return this.error(id, errors.replyNotSerializable('', `${body.length} bytes`))
    return encodeData({ kind: messageKinds.reply, id }, body === '' ? this.#init.emptyBody : body)
  }

  error(id: number, { code, message, data }: ErrorData): string {
    // Clients of Pinus read `code`, a number. An error of the game may use such a number as its own code.
    const number = /^\d{1,9}$/.test(code) ? Number(code) : 500
    let body = this.#encode({ code: number, error: code, message, data })
    if (body.length > maxBody)
      body = this.#encode({ code: number, error: code, message: message.slice(0, longestMessage) })
    return encodeData({ kind: messageKinds.reply, id, isError: this.#init.errorFlag }, body)
  }

  /** Returns the frame of an event, which is made once for all clients that read the same form. */
  eventFrame(event: GatewayEvent): EventFrame {
    const { emptyBody, counts, rich } = this.#init
    const isEmpty = emptyBody === '' && event.body === '' && event.rich === ''
    const uncounted = counts && event.delivery !== deliveries.reliable
    const form =
      frameForms.pomelo |
      (rich ? frameForms.rich : 0) |
      (isEmpty ? frameForms.empty : 0) |
      (uncounted ? frameForms.uncounted : 0)
    return event.findFrame(form) ?? event.addFrame(form, this.#encodeEvent(event, uncounted))
  }

  kick(reason: string): string {
    return encodeBytes(packageKinds.kick, formatKick(reason))
  }

  #encodeEvent(event: GatewayEvent, uncounted: boolean): string {
    const { emptyBody, rich, eventCodes } = this.#init
    const own = rich ? event.richBody : event.body
    const route = eventCodes?.get(event.name) ?? event.name
    const head = { kind: messageKinds.event, route, uncounted }
    return encodeFrame(encodeData(head, own === '' ? emptyBody : own), false)
  }

  /** Encodes a body that the gateway itself has made. */
  #encode(value: unknown): string {
    const body = encodeJson(value)
    return this.#init.rich ? wrapPlain(body) : body
  }
}

/** Encodes a package with these bytes as its body. */
export function encodeBytes(kind: PackageKind, body: string | Uint8Array = ''): string {
  const bytes = encodePackage(kind, typeof body === 'string' ? Buffer.from(body) : body)
  return Buffer.from(bytes).toString('latin1')
}

/** Encodes a message within a data package. */
function encodeData(head: MessageHead, body: string): string {
  const size = messageHeaderSize(head) + body.length
  const end = writeMessageHeader(headers, writePackageHeader(headers, 0, packageKinds.data, size), head)
  return headers.toString('latin1', 0, end) + body
}
