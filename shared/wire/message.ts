/**
 * Reads and writes the header of the message inside a Pomelo data package.
 * A message is a flag byte, then an id and a route, depending on its kind, and the body to the end. The body
 * stays bytes. The caller looks up a route's code, and handles clients that send replies or events.
 *
 * The flag byte: bit 0: the route is a code. Bits 1–3: the kind. Bit 4: the body is gzipped. Bit 5: the reply
 * is an error (Pitaya's addition). Bit 6 is ours. Of an event it says that it is not counted (only for
 * clients that can resume: `resume.ts`); of a request or notify, that a `traceparent` follows the route: one
 * byte of length, and the text. Bits 0 to 5 are ignored where they mean nothing for a kind, as Pomelo ignores
 * them. Bit 6 of a reply, and bit 7, must be 0: no client sets them, and they stay free for new meanings.
 */

import { decodeName, utf8Length } from '../utf8.js'
import { wireErrors } from '../wire-errors.js'

/** Numbers of the kinds. Pomelo calls a reply a response, and an event a push. */
export const messageKinds = { request: 0, notify: 1, reply: 2, event: 3 } as const
export type MessageKind = (typeof messageKinds)[keyof typeof messageKinds]

export const maxMessageId = 0xffffffff
export const maxRouteBytes = 255
export const maxRouteCode = 0xffff

const routeCodeFlag = 0x01
const kindMask = 0x07
const gzippedFlag = 0x10
const errorFlag = 0x20
const uncountedFlag = 0x40
const tracedFlag = 0x40
const reservedFlag = 0x80

export interface MessageHeader {
  readonly kind: MessageKind
  /** The request's id; 0 for a notify and an event. */
  readonly id: number
  /** The route's text, or its code in the dictionary; `''` for a reply. */
  readonly route: string | number
  readonly gzipped: boolean
  readonly isError: boolean
  /** Whether an event is left out of the message count, by which a session is resumed. */
  readonly uncounted: boolean
  /** The `traceparent` of a request or notify, unchecked; undefined if there is none. */
  readonly traceparent: string | undefined
  /** The offset of the body in the bytes; it runs to their end. */
  readonly bodyStart: number
}

/**
 * The content of a header to write. Requests and replies need an id; all kinds except replies need a route.
 */
export interface MessageHead {
  readonly kind: MessageKind
  readonly id?: number
  readonly route?: string | number
  readonly gzipped?: boolean
  readonly isError?: boolean
  readonly uncounted?: boolean
  /** ASCII of at most 255 characters. Only requests and notifies have one. */
  readonly traceparent?: string | undefined
}

const textEncoder = new TextEncoder()

/**
 * Reads the header of the message in `bytes` from `start` to `end`.
 *
 * A request with the id 0 is read as a notify. Pomelo's servers run it and send no reply, since they
 * distinguish the two by the id alone; Pomelo's clients count from 1.
 *
 * @throws `FRAME_MALFORMED` for unknown bits, an id above 2³²−1 or of more than 5 bytes, a reply with the id
 * 0, a header that is cut off, or a route that is not UTF-8
 */
export function decodeMessage(bytes: Uint8Array, start: number, end: number): MessageHeader {
  if (start >= end) throw wireErrors.frameMalformed('the message is empty')
  let offset = start
  const flag = bytes[offset++]!
  let kind = (flag >> 1) & kindMask
  const hasOwn = (flag & uncountedFlag) !== 0
  if ((flag & reservedFlag) !== 0 || (hasOwn && kind === messageKinds.reply)) {
    throw wireErrors.frameMalformed(`its flag byte is 0x${flag.toString(16)}`)
  }
  if (kind > messageKinds.event) throw wireErrors.frameMalformed(`there is no message of type ${kind}`)

  let id = 0
  if (kind === messageKinds.request || kind === messageKinds.reply) {
    let byte = 0
    let shift = 0
    do {
      if (offset === end) throw wireErrors.frameMalformed('its id is cut off')
      byte = bytes[offset++]!
      // The fifth byte holds the upper 4 of 32 bits; a sixth byte is not allowed.
      if (shift === 28 && byte > 0x0f) throw wireErrors.frameMalformed('its id is above 4294967295')
      id |= (byte & 0x7f) << shift
      shift += 7
    } while (byte >= 0x80)
    id >>>= 0
    if (id === 0) {
      if (kind === messageKinds.reply) throw wireErrors.frameMalformed('a reply needs the id of its request')
      kind = messageKinds.notify
    }
  }

  let route: string | number = ''
  if (kind !== messageKinds.reply) {
    if ((flag & routeCodeFlag) !== 0) {
      if (end - offset < 2) throw wireErrors.frameMalformed('its route is cut off')
      route = (bytes[offset]! << 8) | bytes[offset + 1]!
      offset += 2
    } else {
      if (offset === end) throw wireErrors.frameMalformed('its route is cut off')
      const routeEnd = offset + 1 + bytes[offset]!
      if (routeEnd > end) throw wireErrors.frameMalformed('its route is cut off')
      route = readRoute(bytes, offset + 1, routeEnd)
      offset = routeEnd
    }
  }

  const isEvent = kind === messageKinds.event
  let traceparent: string | undefined
  if (hasOwn && !isEvent) {
    const textEnd = offset === end ? end + 1 : offset + 1 + bytes[offset]!
    if (textEnd > end) throw wireErrors.frameMalformed('its traceparent is cut off')
    traceparent = String.fromCharCode(...bytes.subarray(offset + 1, textEnd))
    offset = textEnd
  }

  return {
    kind: kind as MessageKind,
    id,
    route,
    gzipped: (flag & gzippedFlag) !== 0,
    isError: kind === messageKinds.reply && (flag & errorFlag) !== 0,
    uncounted: hasOwn && isEvent,
    traceparent,
    bodyStart: offset
  }
}

function readRoute(bytes: Uint8Array, start: number, end: number): string {
  try {
    return decodeName(bytes, start, end)
  } catch {
    throw wireErrors.frameMalformed('its route is not UTF-8')
  }
}

/**
 * Returns how many bytes `writeMessageHeader` needs for this header.
 *
 * @throws RangeError for an id or a route that can't be written
 */
export function messageHeaderSize(head: MessageHead): number {
  const { kind, id = 0, route = '' } = head
  let size = 1
  if (kind === messageKinds.request || kind === messageKinds.reply) {
    expectId(id)
    size += id < 0x80 ? 1 : id < 0x4000 ? 2 : id < 0x200000 ? 3 : id < 0x10000000 ? 4 : 5
  }
  if (kind !== messageKinds.reply) size += routeSize(route)
  if (isTraced(head)) size += 1 + head.traceparent!.length
  return size
}

/**
 * Writes a message up to its body, and returns the offset where the body belongs.
 *
 * @throws RangeError for an id outside 1 to 2³²−1, a code outside 0 to 65535, a route that is longer than 255
 * bytes or has no form in UTF-8, or a target that is too small
 */
export function writeMessageHeader(target: Uint8Array, offset: number, head: MessageHead): number {
  const { kind, id = 0, route = '' } = head
  if (offset + messageHeaderSize(head) > target.length) {
    throw new RangeError(
      `Expected room for a message header at ${offset}, got a target of ${target.length} bytes`
    )
  }
  let flag = kind << 1
  if (head.gzipped === true) flag |= gzippedFlag
  if (head.isError === true && kind === messageKinds.reply) flag |= errorFlag
  if (head.uncounted === true && kind === messageKinds.event) flag |= uncountedFlag
  if (typeof route === 'number' && kind !== messageKinds.reply) flag |= routeCodeFlag
  if (isTraced(head)) flag |= tracedFlag
  target[offset++] = flag

  if (kind === messageKinds.request || kind === messageKinds.reply) {
    let rest = id
    while (rest >= 0x80) {
      target[offset++] = (rest & 0x7f) | 0x80
      rest >>>= 7
    }
    target[offset++] = rest
  }
  if (kind === messageKinds.reply) return offset
  if (typeof route === 'string') offset = writeRoute(target, offset, route)
  else {
    target[offset++] = route >> 8
    target[offset++] = route
  }
  // The traceparent has the form of a route: its length and its text.
  return isTraced(head) ? writeRoute(target, offset, head.traceparent!) : offset
}

function isTraced({ kind, traceparent }: MessageHead): boolean {
  return traceparent !== undefined && (kind === messageKinds.request || kind === messageKinds.notify)
}

function writeRoute(target: Uint8Array, offset: number, route: string): number {
  const start = offset + 1
  let end = start
  for (let i = 0; i < route.length; i++) {
    const unit = route.charCodeAt(i)
    if (unit >= 0x80) {
      end = start + textEncoder.encodeInto(route, target.subarray(start)).written
      break
    }
    target[end++] = unit
  }
  target[offset] = end - start
  return end
}

function expectId(id: number): void {
  if (id >>> 0 !== id || id === 0) {
    throw new RangeError(`Expected the id of a message to be an integer from 1 to ${maxMessageId}, got ${id}`)
  }
}

function routeSize(route: string | number): number {
  if (typeof route === 'number') {
    if (route >>> 0 === route && route <= maxRouteCode) return 2
    throw new RangeError(
      `Expected the code of a route to be an integer from 0 to ${maxRouteCode}, got ${route}`
    )
  }
  const size = utf8Length(route)
  if (size === -1) throw new RangeError('Expected a route to be text, got one with half a surrogate pair')
  if (size > maxRouteBytes) {
    throw new RangeError(`Expected a route to take at most ${maxRouteBytes} bytes, got ${size}`)
  }
  return 1 + size
}
