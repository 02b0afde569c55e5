/**
 * The WebSocket frames of what one tick has for a client, as one piece of bytes: one allocation and one write, however
 * many they are. ws has the socket's other end, and sends what is no data: pings, and the close.
 */

/** A message to a client, as its protocol made it. */
export interface OutgoingMessage {
  readonly bytes: Uint8Array
  readonly isText: boolean
}

/** Final fragment, with the opcode of a text or of a binary message (RFC 6455 §5.2). */
const textFrame = 0x81
const binaryFrame = 0x82

/** All messages as frames of a server: whole and not masked (RFC 6455 §5.1). */
export function encodeFrames(messages: readonly OutgoingMessage[]): Buffer {
  let size = 0
  for (const { bytes } of messages) size += headerSize(bytes.length) + bytes.length
  const frames = Buffer.allocUnsafe(size)
  let offset = 0
  for (const { bytes, isText } of messages) {
    offset = writeHeader(frames, offset, isText ? textFrame : binaryFrame, bytes.length)
    frames.set(bytes, offset)
    offset += bytes.length
  }
  return frames
}

function headerSize(length: number): number {
  return length < 126 ? 2 : length < 65_536 ? 4 : 10
}

/** Writes a frame's header; gives the offset behind it. */
function writeHeader(target: Buffer, offset: number, first: number, length: number): number {
  target[offset] = first
  if (length < 126) {
    target[offset + 1] = length
    return offset + 2
  }
  if (length < 65_536) {
    target[offset + 1] = 126
    return target.writeUInt16BE(length, offset + 2)
  }
  target[offset + 1] = 127
  return target.writeUInt32BE(
    length % 0x1_0000_0000,
    target.writeUInt32BE(Math.floor(length / 0x1_0000_0000), offset + 2)
  )
}
