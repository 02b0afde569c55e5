/** WebSocket frames over a raw socket, for tests of valid and invalid frames. */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import type { Test } from 'tap'
import type { Gateway } from '../../gateway/index.js'
import { until } from './until.js'

export const opcodes = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const

export interface FrameOptions {
  readonly isFinal?: boolean
  readonly isMasked?: boolean
  /** Bits 4 to 6 of the first byte. */
  readonly reserved?: number
}

/** Returns the bytes of a frame of a client. */
export function frame(
  opcode: number,
  payload: string | Uint8Array | readonly number[] = '',
  { isFinal = true, isMasked = true, reserved = 0 }: FrameOptions = {}
): Buffer {
  const bytes = Buffer.from(payload as string)
  const { length } = bytes
  const mask = isMasked ? 0x80 : 0
  const head = Buffer.from(
    length < 126
      ? [0, mask | length]
      : length < 65_536
        ? [0, mask | 126, length >> 8, length & 0xff]
        : [0, mask | 127, 0, 0, 0, 0, ...[24, 16, 8, 0].map(bits => (length >>> bits) & 0xff)]
  )
  head[0] = (isFinal ? 0x80 : 0) | reserved | opcode
  if (!isMasked) return Buffer.concat([head, bytes])
  const key = Buffer.from([0x11, 0x22, 0x33, 0x44])
  return Buffer.concat([head, key, bytes.map((byte, i) => byte ^ key[i & 3]!)])
}

/** A WebSocket client that sends the bytes of a test unchanged. */
export class RawClient {
  readonly socket: Socket
  /** Opcodes and payloads of the frames that came. */
  readonly frames: { readonly opcode: number; readonly payload: Buffer }[] = []
  isEnded = false
  #rest = Buffer.alloc(0)

  private constructor(socket: Socket) {
    this.socket = socket
    socket.on('data', bytes => this.#receive(bytes))
    socket.on('close', () => (this.isEnded = true))
    socket.on('error', () => {})
  }

  /**
   * Connects a client, and completes the upgrade. `subprotocol`: the subprotocol to ask for. `allowHalfOpen`:
   * it keeps its side of the TCP connection when the gateway has ended its own.
   */
  static async open(
    t: Test,
    gateway: Gateway,
    subprotocol = 'sallyport.json',
    { allowHalfOpen = false } = {}
  ): Promise<RawClient> {
    const { host, port } = gateway.address
    const socket = connect({ port, host, allowHalfOpen })
    t.teardown(() => socket.destroy())
    socket.write(
      [
        'GET / HTTP/1.1',
        `Host: ${host}:${port}`,
        'Connection: Upgrade',
        'Upgrade: websocket',
        'Sec-WebSocket-Version: 13',
        `Sec-WebSocket-Protocol: ${subprotocol}`,
        'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
        '',
        ''
      ].join('\r\n')
    )
    let answer = ''
    while (!answer.includes('\r\n\r\n')) answer += (await once(socket, 'data'))[0].toString('latin1')
    t.match(answer, /^HTTP\/1\.1 101 /)
    return new RawClient(socket)
  }

  /** Resolves with the code of the gateway's close frame. */
  async closeCode(): Promise<number> {
    return (await this.close()).code
  }

  /** Resolves with the content of the gateway's close frame. */
  async close(): Promise<{ readonly code: number; readonly reason: string }> {
    const isClosed = () => this.frames.some(({ opcode }) => opcode === opcodes.close)
    await until('the gateway closes', () => isClosed() || this.isEnded)
    const close = this.frames.find(({ opcode }) => opcode === opcodes.close)
    if (close === undefined) return { code: 1006, reason: '' }
    return { code: close.payload.readUInt16BE(0), reason: close.payload.toString('utf8', 2) }
  }

  async reply(): Promise<unknown> {
    const find = () => this.frames.find(({ opcode }) => opcode === opcodes.text)
    await until('a reply came', () => find() !== undefined)
    return JSON.parse(find()!.payload.toString())
  }

  #receive(bytes: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, bytes])
    while (this.#rest.length >= 2 && this.#rest.length >= 2 + this.#rest[1]!) {
      const end = 2 + this.#rest[1]!
      this.frames.push({ opcode: this.#rest[0]! & 0x0f, payload: this.#rest.subarray(2, end) })
      this.#rest = this.#rest.subarray(end)
    }
  }
}
