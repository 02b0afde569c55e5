/** A reader of a client's frames, written from RFC 6455 §5.2 without any code of the bench. */
export interface ClientFrame {
  /** FIN and the opcode. */
  readonly first: number
  readonly payload: string
}

/**
 * Decodes masked frames.
 *
 * @throws if a frame has no mask, has a mask of zeros, or is incomplete
 */
export function decodeMasked(bytes: Buffer): ClientFrame[] {
  const frames: ClientFrame[] = []
  let at = 0
  while (at < bytes.length) {
    const first = bytes[at]!
    const second = bytes[at + 1]!
    if (second < 0x80) throw new Error('A frame has no mask')
    const short = second & 0x7f
    const length =
      short < 126 ? short : short === 126 ? bytes.readUInt16BE(at + 2) : Number(bytes.readBigUInt64BE(at + 2))
    if ((short === 126 && length < 126) || (short === 127 && length < 65_536)) {
      throw new Error('A length is not in its shortest form')
    }
    at += 2 + (short < 126 ? 0 : short === 126 ? 2 : 8)
    const mask = bytes.subarray(at, at + 4)
    if (mask.equals(Buffer.alloc(4))) throw new Error('A mask is of zeros')
    const masked = bytes.subarray(at + 4, at + 4 + length)
    if (masked.length < length) throw new Error('A frame is cut off')
    frames.push({ first, payload: Buffer.from(masked.map((byte, i) => byte ^ mask[i & 3]!)).toString() })
    at += 4 + length
  }
  return frames
}
