/**
 * Encodes the WebSocket frames that the gateway sends, as texts of one character for each byte.
 *
 * Texts are joined cheaply, so that all frames of a tick for one client leave in one write. ws reads the same
 * socket, and sends the control frames: pings and the close.
 */

/** First byte of a final fragment, with the opcode of a text or a binary message (RFC 6455 §5.2). */
const textFrame = 0x81
const binaryFrame = 0x82

/** Headers of frames with fewer than 126 bytes, by their length. */
const shortTextHeaders = createShortHeaders(textFrame)
const shortBinaryHeaders = createShortHeaders(binaryFrame)

/** Encodes a message as one unmasked frame (RFC 6455 §5.1). `payload` has one character for each byte. */
export function encodeFrame(payload: string, isText: boolean): string {
  const { length } = payload
  if (length < 126) return (isText ? shortTextHeaders : shortBinaryHeaders)[length]! + payload
  const first = isText ? textFrame : binaryFrame
  const header =
    length < 65_536
      ? String.fromCharCode(first, 126, length >> 8, length & 0xff)
      : String.fromCharCode(first, 127, 0, 0, 0, 0, ...[24, 16, 8, 0].map(bits => (length >>> bits) & 0xff))
  return header + payload
}

function createShortHeaders(first: number): readonly string[] {
  return Array.from({ length: 126 }, (_, length) => String.fromCharCode(first, length))
}
