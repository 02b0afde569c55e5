/** The requests of a socket, built before the clock starts, one behind the other: the next few are one slice of bytes. */
import type { Protocol } from '../protocols/protocol.js'
import { encodeFrame } from '../protocols/web-socket.js'

/** Ids that a socket's requests carry in turn: many more than are in flight, and all of one length in any protocol. */
const firstId = 1000
export const idCount = 4096

export class RequestRing {
  readonly #bytes: Buffer
  readonly #frameLength: number

  /** `most`: how many requests a slice may hold. */
  constructor(protocol: Protocol, route: string, body: object, most: number) {
    const frames = Array.from({ length: idCount + most }, (_, i) =>
      encodeFrame(protocol.isText ? 'text' : 'binary', protocol.request(route, firstId + slotOf(i), body))
    )
    this.#frameLength = frames[0]!.length
    this.#bytes = Buffer.concat(frames)
  }

  /** The frames of `count` requests, of which the first is a socket's `sent`th (from 0). */
  slice(sent: number, count: number): Buffer {
    const start = slotOf(sent) * this.#frameLength
    return this.#bytes.subarray(start, start + count * this.#frameLength)
  }
}

/** The place among the ids that a socket's `index`th request has. */
export function slotOf(index: number): number {
  return index % idCount
}

/** The same of a reply with that id; -1 if no request has it. */
export function slotOfId(id: number): number {
  const slot = id - firstId
  return slot >= 0 && slot < idCount ? slot : -1
}
