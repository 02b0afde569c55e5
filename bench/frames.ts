/** The load's frames: requests written before the clock starts, replies read without a parser. */

/** Ids that a socket's requests carry in turn. Four digits each, so that all frames are of one length. */
const firstId = 1000
const idCount = 256

/** Any mask will do, but it should be one: a mask of zeros would spare the server its work. */
const mask = [0x37, 0xfa, 0x21, 0x3d]

/** The requests of a socket, one behind the other, so that the next few of them are one slice of bytes. */
export class RequestRing {
  readonly #bytes: Buffer
  readonly #frameLength: number

  /** `most`: how many requests a slice may hold. */
  constructor(route: string, body: string, most: number) {
    const frames = Array.from({ length: idCount + most }, (_, i) =>
      maskedFrame(`[${idOf(i)},${JSON.stringify(route)},${body}]`)
    )
    this.#frameLength = frames[0]!.length
    this.#bytes = Buffer.concat(frames)
  }

  /** The frames of `count` requests, of which the first is a socket's `sent`th (from 0). */
  slice(sent: number, count: number): Buffer {
    const start = (sent % idCount) * this.#frameLength
    return this.#bytes.subarray(start, start + count * this.#frameLength)
  }
}

/** A body of exactly so many bytes of JSON. */
export function jsonBody(bytes: number): string {
  const empty = JSON.stringify({ points: 3, text: '' })
  return JSON.stringify({ points: 3, text: 'x'.repeat(bytes - empty.length) })
}

/** The id of a socket's `index`th request. */
export function idOf(index: number): number {
  return firstId + (index % idCount)
}

function maskedFrame(text: string): Buffer {
  const payload = Buffer.from(text)
  if (payload.length > 125) throw new Error('The requests of the bench are meant to fit a short frame')
  for (let i = 0; i < payload.length; i++) payload[i]! ^= mask[i & 3]!
  return Buffer.concat([Buffer.from([0x81, 0x80 | payload.length, ...mask]), payload])
}

/** An error reply, `[1000,null,{…}]`, is the only one that has `null` where the body is. */
const firstOfNull = 'null'.charCodeAt(0)

/** What stands in a reply's frame, `[1000,17]`. */
export interface ReplyReader {
  /** `value`: the number that is the body, NaN of any other body. */
  reply(id: number, value: number): void
}

/**
 * Gives each whole frame in `bytes` to the reader. Returns where the rest, a frame that is cut off, begins.
 *
 * @throws for an error reply, and for anything but short text frames that begin like a reply
 */
export function readReplies(bytes: Buffer, reader: ReplyReader): number {
  let at = 0
  while (bytes.length - at >= 2) {
    const length = bytes[at + 1]!
    if (bytes[at] !== 0x81 || length > 125) {
      throw new Error(`The load met a frame that is no reply: ${bytes.toString('latin1', at, at + 130)}`)
    }
    const end = at + 2 + length
    if (end > bytes.length) break
    readReply(bytes, at + 2, end, reader)
    at = end
  }
  return at
}

function readReply(bytes: Buffer, start: number, end: number, reader: ReplyReader): void {
  // `[`, four digits, a comma.
  const bodyStart = start + 6
  const id = readDigits(bytes, start + 1, bodyStart - 1)
  if (Number.isNaN(id)) throw new Error(`The load met no reply: ${bytes.toString('latin1', start, end)}`)
  if (bytes[bodyStart] === firstOfNull) {
    throw new Error(`The server answered with an error: ${bytes.toString('latin1', start, end)}`)
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
