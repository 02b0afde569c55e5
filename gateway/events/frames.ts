/**
 * The WebSocket frames of what the gateway sends, as texts of one character for each byte: what one tick has
 * for a client is put together like any text, and leaves in one write. ws has the socket's other end, and
 * sends what is no data: pings, and the close.
 */

/** Final fragment, with the opcode of a text or of a binary message (RFC 6455 §5.2). */
const textFrame = 0x81
const binaryFrame = 0x82

/** Headers of short frames, by their length. */
const shortTextHeaders = createShortHeaders(textFrame)
const shortBinaryHeaders = createShortHeaders(binaryFrame)

/** A message, whole and not masked (RFC 6455 §5.1). `payload`: its bytes, each as one character. */
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
