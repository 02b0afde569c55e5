/**
 * The requests of a socket, encoded before the clock starts. They stand one after the other in one buffer, so
 * that the next few are one slice of bytes.
 */
import type { Protocol } from '../protocols/protocol.js'
import { encodeFrame } from '../protocols/web-socket.js'

/**
 * Ids of a socket's requests, used in turn: many more than requests in flight, and all of the same length in
 * any protocol.
 */
const firstId = 1000
export const idCount = 4096

export class RequestRing {
  readonly #bytes: Buffer
  readonly #frameLength: number

  /** `most`: requests that a slice may hold. */
  constructor(protocol: Protocol, route: string, body: object, most: number) {
    const frames = Array.from({ length: idCount + most }, (_, i) =>
      encodeFrame(protocol.isText ? 'text' : 'binary', protocol.request(route, firstId + slotOf(i), body))
    )
    this.#frameLength = frames[0]!.length
    this.#bytes = Buffer.concat(frames)
  }

  /** Returns the frames of `count` requests, beginning with the socket's `sent`th, counted from 0. */
  slice(sent: number, count: number): Buffer {
    const start = slotOf(sent) * this.#frameLength
    return this.#bytes.subarray(start, start + count * this.#frameLength)
  }
}

/** Returns the slot of a socket's `index`th request. */
export function slotOf(index: number): number {
  return index % idCount
}

/** Returns the slot of the request with that id; -1 if there is none. */
export function slotOfId(id: number): number {
  const slot = id - firstId
  return slot >= 0 && slot < idCount ? slot : -1
}
