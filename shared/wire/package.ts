/**
 * Pomelo packages: what a binary WebSocket message consists of. A package is one byte of kind, three bytes
 * of length (big-endian) and a body; several may follow one another in one WebSocket message.
 * What a body holds is read by `message.ts` and `handshake.ts`; which package may come when, and from whom,
 * is the connection's to judge.
 */
import { errors } from '../errors.js'

export const packageKinds = {
  handshake: 1,
  handshakeAck: 2,
  heartbeat: 3,
  data: 4,
  kick: 5,
  /** Ours, for clients that asked for resume: how many counted messages of the other side have come. */
  received: 6
} as const
export type PackageKind = (typeof packageKinds)[keyof typeof packageKinds]

export const packageHeaderSize = 4
export const maxPackageBody = 0xffffff

/** Where a package lies in the bytes it was read from: its body is `bytes.subarray(start, end)`. */
export interface Package {
  readonly kind: PackageKind
  readonly start: number
  readonly end: number
}

/**
 * Finds the packages of one WebSocket message, copying nothing. It is all or nothing: a fault anywhere in the
 * message is thrown before the packages in front of it are given out.
 *
 * A body behind an ack or a heartbeat, which have none, is let through to be ignored, as Pomelo, Pinus and
 * Pitaya do: it does no harm, and a client in the field can't be changed.
 *
 * @throws FRAME_MALFORMED for an unknown kind, a package that is cut off, or a message without any.
 */
export function decodePackages(bytes: Uint8Array): Package[] {
  const size = bytes.length
  if (size === 0) throw errors.frameMalformed('the message is empty')
  const packages: Package[] = []
  let offset = 0
  while (offset < size) {
    const start = offset + packageHeaderSize
    if (start > size) {
      throw errors.frameMalformed(`a package header takes 4 bytes, ${size - offset} are left`)
    }
    const length = (bytes[offset + 1]! << 16) | (bytes[offset + 2]! << 8) | bytes[offset + 3]!
    const end = start + length
    if (end > size) {
      throw errors.frameMalformed(`a package says it has ${length} bytes, ${size - start} are left`)
    }
    const kind = bytes[offset]!
    if (kind < packageKinds.handshake || kind > packageKinds.received) {
      throw errors.frameMalformed(`there is no package of type ${kind}`)
    }
    packages.push({ kind: kind as PackageKind, start, end })
    offset = end
  }
  return packages
}

/**
 * Writes the four bytes in front of a body, and gives the offset where the body goes.
 *
 * @throws RangeError for a body that three bytes can't count, or a target with no room.
 */
export function writePackageHeader(
  target: Uint8Array,
  offset: number,
  kind: PackageKind,
  bodyLength: number
): number {
  // `>>> 0` keeps whole numbers from 0 up as they are and changes everything else.
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

/** One package as bytes of its own. */
export function encodePackage(kind: PackageKind, body?: Uint8Array): Uint8Array {
  const length = body === undefined ? 0 : body.length
  const bytes = new Uint8Array(packageHeaderSize + length)
  writePackageHeader(bytes, 0, kind, length)
  if (body !== undefined) bytes.set(body, packageHeaderSize)
  return bytes
}
