/**
 * Reads the head of a request in the JSON text protocol: `[id,"route"` or `[id,"route",body]`, with a
 * `traceparent` before the id if there is one.
 * The gateway parses only the front and the closing `]` of a text frame. It forwards the body as bytes. Only
 * the worker, which parses the body, checks that it is one value of valid JSON.
 */

import { decodeName, utf8Length } from '../utf8.js'
import { wireErrors } from '../wire-errors.js'
import { maxMessageId, maxRouteBytes } from './message.js'

export interface TextRequest {
  /** The request's id; 0 for a notify. */
  readonly id: number
  readonly route: string
  /** The text before the id, unchecked; undefined if there is none, or none in plain ASCII. */
  readonly traceparent: string | undefined
  /**
   * Offsets of the body, between the comma after the route and the last bracket. They are equal if there is
   * no body.
   */
  readonly bodyStart: number
  readonly bodyEnd: number
}

const openBracket = 0x5b
const closeBracket = 0x5d
const comma = 0x2c
const quote = 0x22
const backslash = 0x5c
const zero = 0x30
const nine = 0x39

/**
 * Maximum length of an escaped route: an escape like `\u0041` takes six bytes for one byte of the route, and
 * no escape takes more.
 */
const maxRouteSpelling = maxRouteBytes * 6

const noId = 'a message begins with its id in plain digits; 0 for a notify'

const textDecoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * Reads the head of a text frame. White space is allowed wherever JSON allows it.
 *
 * @throws `FRAME_MALFORMED` for anything except `[id,"route"]` or `[id,"route",…]`, perhaps with a text
 * before the id. The id is from 0 to 2³²−1 in plain digits, and a route has at most 255 bytes.
 */
export function scanRequest(bytes: Uint8Array): TextRequest {
  const size = bytes.length
  let offset = skipSpace(bytes, 0)
  if (bytes[offset] !== openBracket) throw wireErrors.frameMalformed('a text frame begins with "["')

  offset = skipSpace(bytes, offset + 1)
  let traceparent: string | undefined
  if (bytes[offset] === quote) {
    const textEnd = findStringEnd(bytes, offset, 'traceparent')
    traceparent = readPlain(bytes, offset + 1, textEnd - 1)
    offset = skipSpace(bytes, textEnd)
    if (bytes[offset] !== comma) throw wireErrors.frameMalformed(noId)
    offset = skipSpace(bytes, offset + 1)
  }
  const idStart = offset
  let id = 0
  let byte = offset < size ? bytes[offset]! : 0
  while (byte >= zero && byte <= nine) {
    id = id * 10 + (byte - zero)
    // Checked at each digit, so that a long sequence never exceeds the numbers that JavaScript holds exactly.
    if (id > maxMessageId) throw wireErrors.frameMalformed(`its id is above ${maxMessageId}`)
    offset++
    byte = offset < size ? bytes[offset]! : 0
  }
  const digits = offset - idStart
  if (digits === 0 || (digits > 1 && bytes[idStart] === zero)) {
    throw wireErrors.frameMalformed(noId)
  }

  offset = skipSpace(bytes, offset)
  if (offset >= size || bytes[offset] !== comma) {
    // `["chat.say",1]` is rather a message whose id was forgotten than one whose route was.
    const isForgotten = traceparent !== undefined && !/^[\da-f]{2}-/.test(traceparent)
    throw wireErrors.frameMalformed(isForgotten ? noId : 'no comma follows its id')
  }
  const routeStart = skipSpace(bytes, offset + 1)
  const routeEnd = findStringEnd(bytes, routeStart, 'route')
  const route = readRoute(bytes, routeStart, routeEnd)

  offset = skipSpace(bytes, routeEnd)
  let last = size - 1
  while (last > offset && isSpace(bytes[last]!)) last--
  if (offset > last || bytes[last] !== closeBracket)
    throw wireErrors.frameMalformed('a text frame ends with "]"')
  if (offset === last) return { id, route, traceparent, bodyStart: last, bodyEnd: last }

  if (bytes[offset] !== comma)
    throw wireErrors.frameMalformed('neither a comma nor the end follows its route')
  const bodyStart = offset + 1
  // Without this check, `[1,"route",]` would pass as a request without a body.
  if (skipSpace(bytes, bodyStart) === last)
    throw wireErrors.frameMalformed('nothing follows the comma after its route')
  return { id, route, traceparent, bodyStart, bodyEnd: last }
}

/** Bytes at the front of malformed text in which its id is looked for: room for a traceparent and spaces. */
const idWithin = 128

/** Returns the id of a request whose text is malformed behind it, so that it gets an answer, or undefined. */
export function findId(bytes: Uint8Array): number | undefined {
  const front = String.fromCharCode(...bytes.subarray(0, idWithin))
  const id = Number(
    /^[ \t\r\n]*\[[ \t\r\n]*("[^"\\]*"[ \t\r\n]*,[ \t\r\n]*)?([1-9]\d{0,9})[ \t\r\n]*,/.exec(front)?.[2]
  )
  return id <= maxMessageId ? id : undefined
}

/** Returns the offset behind the closing quote of the string that begins at `start`. `what`: for errors. */
function findStringEnd(bytes: Uint8Array, start: number, what: 'route' | 'traceparent'): number {
  if (start >= bytes.length || bytes[start] !== quote)
    throw wireErrors.frameMalformed(`its ${what} is not a string`)
  // Plus two bytes for the quotes.
  const limit = Math.min(bytes.length, start + maxRouteSpelling + 2)
  let offset = start + 1
  while (offset < limit) {
    const byte = bytes[offset]!
    if (byte === quote) return offset + 1
    offset += byte === backslash ? 2 : 1
  }
  if (limit < bytes.length) {
    // Rather a message whose id was forgotten than one with such a traceparent.
    throw wireErrors.frameMalformed(
      what === 'route'
        ? `its route takes more than ${maxRouteBytes} bytes`
        : `a text of more than ${maxRouteSpelling} bytes stands before its id; ${noId}`
    )
  }
  throw wireErrors.frameMalformed(`its ${what} is cut off`)
}

/** Returns the value of the JSON string, quotes included, from `start` to `end`. */
function readRoute(bytes: Uint8Array, start: number, end: number): string {
  let offset = start + 1
  const last = end - 1
  while (offset < last && isPlain(bytes[offset]!)) offset++
  const plain = offset === last
  const text = plain ? decodeName(bytes, start + 1, last) : parseString(bytes.subarray(start, end))
  const length = plain ? text.length : utf8Length(text)
  if (length === -1) throw wireErrors.frameMalformed('its route has half a surrogate pair')
  if (length > maxRouteBytes)
    throw wireErrors.frameMalformed(`its route takes more than ${maxRouteBytes} bytes`)
  return text
}

/** Returns a text of plain ASCII; undefined for any other text. */
function readPlain(bytes: Uint8Array, start: number, end: number): string | undefined {
  for (let offset = start; offset < end; offset++) if (!isPlain(bytes[offset]!)) return undefined
  return decodeName(bytes, start, end)
}

/** Whether a byte in a string stands for itself. Control characters do not: JSON.parse will refuse them. */
function isPlain(byte: number): boolean {
  return byte >= 0x20 && byte < 0x80 && byte !== backslash
}

function parseString(bytes: Uint8Array): string {
  try {
    return JSON.parse(textDecoder.decode(bytes)) as string
  } catch {
    throw wireErrors.frameMalformed('its route is not a JSON string in UTF-8')
  }
}

function skipSpace(bytes: Uint8Array, offset: number): number {
  while (offset < bytes.length && isSpace(bytes[offset]!)) offset++
  return offset
}

/** Whether a byte is white space in JSON [RFC 8259 §2]. */
function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09
}
