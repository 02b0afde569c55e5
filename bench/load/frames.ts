/** The load's frames. Requests are encoded before the clock starts, and replies are read without a parser. */

/**
 * Ids of a socket's requests, used in turn. They have four digits each, so that all frames have the same
 * length.
 */
const firstId = 1000
const idCount = 256

/** Mask of all frames. Any mask except zeros will do: a mask of zeros would save the server its unmasking. */
const mask = [0x37, 0xfa, 0x21, 0x3d]

/** First bytes of frames: FIN and the opcode. */
const text = 0x81
const close = 0x88
const ping = 0x89
const pong = 0x8a

/**
 * The requests of a socket, one after the other in one buffer, so that the next few are one slice of bytes.
 */
export class RequestRing {
  readonly #bytes: Buffer
  readonly #frameLength: number

  /** `most`: requests that a slice may hold. */
  constructor(route: string, body: string, most: number) {
    const frames = Array.from({ length: idCount + most }, (_, i) => requestFrame(i, route, body))
    this.#frameLength = frames[0]!.length
    this.#bytes = Buffer.concat(frames)
  }

  /** Returns the frames of `count` requests, beginning with the socket's `sent`th, counted from 0. */
  slice(sent: number, count: number): Buffer {
    const start = (sent % idCount) * this.#frameLength
    return this.#bytes.subarray(start, start + count * this.#frameLength)
  }
}

/** Returns a body whose JSON takes exactly `bytes` bytes. */
export function jsonBody(bytes: number): string {
  const empty = JSON.stringify({ points: 3, text: '' })
  return JSON.stringify({ points: 3, text: 'x'.repeat(bytes - empty.length) })
}

/** Returns the id of a socket's `index`th request. */
export function idOf(index: number): number {
  return firstId + (index % idCount)
}

/** Encodes a socket's `index`th request. */
export function requestFrame(index: number, route: string, body: string): Buffer {
  return maskedFrame(text, Buffer.from(`[${idOf(index)},${JSON.stringify(route)},${body}]`))
}

/** Encodes the answer to a ping. */
export function pongFrame(payload: Buffer): Buffer {
  return maskedFrame(pong, payload)
}

function maskedFrame(first: number, payload: Buffer): Buffer {
  const masked = payload.map((byte, i) => byte ^ mask[i & 3]!)
  return Buffer.concat([Buffer.from([first]), maskedLength(payload.length), Buffer.from(mask), masked])
}

/**
 * Encodes a length [RFC 6455 §5.2]: one byte, or 126 and two bytes, or 127 and eight. The high bit of the
 * first byte says that a mask follows.
 */
function maskedLength(length: number): Buffer {
  if (length <= 125) return Buffer.from([0x80 | length])
  if (length <= 0xffff) return Buffer.from([0x80 | 126, length >> 8, length & 0xff])
  const bytes = Buffer.alloc(9)
  bytes[0] = 0x80 | 127
  bytes.writeBigUInt64BE(BigInt(length), 1)
  return bytes
}

const quote = '"'.charCodeAt(0)
const comma = ','.charCodeAt(0)

/** First byte of `null`: only an error reply, `[1000,null,{…}]`, has `null` as its body. */
const firstOfNull = 'null'.charCodeAt(0)

/** Receives what a server sends. */
export interface ReplyReader {
  /** A reply, such as `[1000,17]`. `value`: the body if it is a number, else NaN. */
  reply(id: number, value: number): void
  /** An error reply's code. undefined: an error reply is a failure. */
  refused?: (id: number, code: string) => void
  /** The number in an event such as `["counted",17]`, else NaN. undefined: an event is a failure. */
  event?: (value: number) => void
  ping(payload: Buffer): void
}

/**
 * Passes each complete frame in `bytes` to the reader. Returns the start of the incomplete frame at the end.
 *
 * @throws for an error reply or an event, if the reader accepts none; for any frame but pings and texts
 * that begin like a reply or an event
 */
export function readReplies(bytes: Buffer, reader: ReplyReader): number {
  let at = 0
  while (bytes.length - at >= 2) {
    const first = bytes[at]!
    let length = bytes[at + 1]!
    let start = at + 2
    if ((first !== text && first !== ping) || length > 127) throw unexpected(bytes.subarray(at))
    if (length > 125) {
      start = at + (length === 126 ? 4 : 10)
      if (start > bytes.length) break
      length = length === 126 ? bytes.readUInt16BE(at + 2) : Number(bytes.readBigUInt64BE(at + 2))
    }
    const end = start + length
    if (end > bytes.length) break
    if (first === text) readReply(bytes, start, end, reader)
    else reader.ping(bytes.subarray(start, end))
    at = end
  }
  return at
}

function readReply(bytes: Buffer, start: number, end: number, reader: ReplyReader): void {
  if (bytes[start + 1] === quote && reader.event !== undefined)
    return reader.event(readDigits(bytes, bytes.indexOf(comma, start) + 1, end - 1))
  // Skips `[`, four digits and a comma.
  const bodyStart = start + 6
  const id = readDigits(bytes, start + 1, bodyStart - 1)
  if (Number.isNaN(id)) throw new Error(`The load met no reply: ${excerpt(bytes, start, end)}`)
  if (bytes[bodyStart] === firstOfNull) {
    const [, , error] = JSON.parse(bytes.toString('utf8', start, end)) as [number, null, { error: string }?]
    if (error !== undefined && reader.refused !== undefined) return reader.refused(id, error.error)
    throw new Error(`The server answered with an error: ${excerpt(bytes, start, end)}`)
  }
  reader.reply(id, readDigits(bytes, bodyStart, end - 1))
}

function readDigits(bytes: Buffer, start: number, end: number): number {
  let value = 0
  for (let i = start; i < end; i++) {
    const digit = bytes[i]! - 0x30
    if (digit < 0 || digit > 9) return Number.NaN
    value = value * 10 + digit
  }
  return value
}

function unexpected(bytes: Buffer): Error {
  const isClose = bytes[0] === close && bytes[1]! >= 2 && bytes[1]! <= 125 && bytes.length >= 4
  if (!isClose) return new Error(`The load met a frame that is no reply: ${excerpt(bytes, 0, bytes.length)}`)
  const reason = bytes.toString('utf8', 4, 2 + bytes[1]!)
  return new Error(`The server closed a connection of the load: ${bytes.readUInt16BE(2)} ${reason}`.trimEnd())
}

function excerpt(bytes: Buffer, start: number, end: number): string {
  return bytes.toString('latin1', start, Math.min(end, start + 130))
}
