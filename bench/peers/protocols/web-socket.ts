/** WebSocket as the load speaks it: an upgrade, short masked frames out, whole frames in. */

/** Mask of all frames. Any mask except zeros will do: a mask of zeros would save the server its unmasking. */
const mask = [0x5a, 0x13, 0xc7, 0x88]

/** First bytes of frames: FIN and the opcode. */
const first = { text: 0x81, binary: 0x82, close: 0x88, ping: 0x89, pong: 0x8a } as const

/** Longest payload whose length takes one byte. */
const mostShort = 125

/**
 * Encodes a frame.
 *
 * @throws if the payload does not fit into a short frame; all messages of the load are short enough
 */
export function encodeFrame(kind: 'text' | 'binary' | 'pong', payload: Uint8Array): Buffer {
  if (payload.length > mostShort) throw new Error('What the load says is meant to fit a short frame')
  const frame = Buffer.allocUnsafe(2 + mask.length + payload.length)
  frame.set([first[kind], 0x80 | payload.length, ...mask])
  for (let i = 0; i < payload.length; i++) frame[6 + i] = payload[i]! ^ mask[i & 3]!
  return frame
}

export interface FrameReader {
  /** A complete message. The reader must copy the bytes that it keeps. */
  message(bytes: Buffer, start: number, end: number): void
  ping(payload: Buffer): void
}

/**
 * Passes each complete frame in `bytes` to the reader. Returns the start of the incomplete frame at the end.
 *
 * @throws for a close, and for fragmented messages, which no server here sends
 */
export function readFrames(bytes: Buffer, reader: FrameReader): number {
  let at = 0
  while (bytes.length - at >= 2) {
    let start = at + 2
    let length = bytes[at + 1]!
    if (length > mostShort) {
      start += length === 126 ? 2 : 8
      if (start > bytes.length) break
      length = length === 126 ? bytes.readUInt16BE(at + 2) : Number(bytes.readBigUInt64BE(at + 2))
    }
    const end = start + length
    if (end > bytes.length) break
    const kind = bytes[at]
    if (kind === first.text || kind === first.binary) reader.message(bytes, start, end)
    else if (kind === first.ping) reader.ping(bytes.subarray(start, end))
    else throw new Error(describe(bytes.subarray(at, end), bytes.subarray(start, end)))
    at = end
  }
  return at
}

function describe(frame: Buffer, payload: Buffer): string {
  if (frame[0] !== first.close) return `The load met a frame that it cannot read: ${frame.toString('latin1')}`
  const code = payload.length >= 2 ? payload.readUInt16BE(0) : 'no code'
  return `The server closed a connection of the load: ${code} ${payload.toString('utf8', 2)}`.trimEnd()
}

/** The data needed to open a socket. */
export interface UpgradeTarget {
  readonly path: string
  readonly subprotocol?: string
}

export function upgradeRequest({ path, subprotocol }: UpgradeTarget): string {
  const lines = [
    `GET ${path} HTTP/1.1`,
    'Host: 127.0.0.1',
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='
  ]
  if (subprotocol !== undefined) lines.push(`Sec-WebSocket-Protocol: ${subprotocol}`)
  return [...lines, '', ''].join('\r\n')
}
