/**
 * Reads and writes Pomelo packages, which make up a binary WebSocket message.
 * A package is one byte of kind, three bytes of length (big-endian) and a body. A WebSocket message may hold
 * several. `message.ts` and `handshake.ts` read the bodies. The protocol of a connection decides which
 * package may come when, and from which side.
 */
import { wireErrors } from '../wire-errors.js'

export const packageKinds = {
  handshake: 1,
  handshakeAck: 2,
  heartbeat: 3,
  data: 4,
  kick: 5,
  /** Our addition, for clients that can resume: how many counted messages of the other side have arrived. */
  received: 6
} as const
export type PackageKind = (typeof packageKinds)[keyof typeof packageKinds]

export const packageHeaderSize = 4
export const maxPackageBody = 0xffffff

/** A package's position in the bytes that it was read from: its body is `bytes.subarray(start, end)`. */
export interface Package {
  readonly kind: PackageKind
  readonly start: number
  readonly end: number
}

/**
 * Finds the packages of one WebSocket message without copying. A fault anywhere in the message is thrown
 * before any package is returned.
 *
 * An ack or a heartbeat should have no body. If it has one, it is accepted and the body is ignored, as in
 * Pomelo, Pinus and Pitaya: the body is harmless, and deployed clients can't be changed.
 *
 * @throws `FRAME_MALFORMED` for an unknown kind, a package that is cut off, or an empty message
 */
export function decodePackages(bytes: Uint8Array): Package[] {
  const size = bytes.length
  if (size === 0) throw wireErrors.frameMalformed('the message is empty')
  const packages: Package[] = []
  let offset = 0
  while (offset < size) {
    const start = offset + packageHeaderSize
    if (start > size) {
      throw wireErrors.frameMalformed(`a package header takes 4 bytes, ${size - offset} are left`)
    }
    const length = (bytes[offset + 1]! << 16) | (bytes[offset + 2]! << 8) | bytes[offset + 3]!
    const end = start + length
    if (end > size) {
      throw wireErrors.frameMalformed(`a package says it has ${length} bytes, ${size - start} are left`)
    }
    const kind = bytes[offset]!
    if (kind < packageKinds.handshake || kind > packageKinds.received) {
      throw wireErrors.frameMalformed(`there is no package of type ${kind}`)
    }
    packages.push({ kind: kind as PackageKind, start, end })
    offset = end
  }
  return packages
}

/**
 * Writes the four bytes in front of a body, and returns the offset where the body belongs.
 *
 * @throws RangeError for a length that does not fit into three bytes, or a target that is too small
 */
export function writePackageHeader(
  target: Uint8Array,
  offset: number,
  kind: PackageKind,
  bodyLength: number
): number {
  // `>>> 0` changes everything except integers from 0 to 2³²−1.
  if (bodyLength >>> 0 !== bodyLength || bodyLength > maxPackageBody) {
    throw new RangeError(
      `Expected the body of a package to take 0 to ${maxPackageBody} bytes, got ${bodyLength}`
    )
  }
  const start = offset + packageHeaderSize
  if (start > target.length) {
    throw new RangeError(
      `Expected room for a package header at ${offset}, got a target of ${target.length} bytes`
    )
  }
  target[offset] = kind
  target[offset + 1] = bodyLength >>> 16
  target[offset + 2] = bodyLength >>> 8
  target[offset + 3] = bodyLength
  return start
}

/** Returns one package as a new array of bytes. */
export function encodePackage(kind: PackageKind, body?: Uint8Array): Uint8Array<ArrayBuffer> {
  const length = body === undefined ? 0 : body.length
  const bytes = new Uint8Array(packageHeaderSize + length)
  writePackageHeader(bytes, 0, kind, length)
  if (body !== undefined) bytes.set(body, packageHeaderSize)
  return bytes
}
