/**
 * One socket of the load, for any of the protocols. It connects, sends what it is given, and passes on what
 * it receives. Each reply must have the id of a request in flight.
 */
import { connect, type Socket } from 'node:net'
import { fail, guard } from '../../load/process.js'
import type { Greeting, Hearer, Protocol } from '../protocols/protocol.js'
import { encodeFrame, type FrameReader, readFrames, upgradeRequest } from '../protocols/web-socket.js'

/** Sends requests. */
export interface Sender {
  /** Sends encoded frames. */
  send(frames: Buffer): void
}

export interface PlayerListener {
  /** A reply. `value`: the body if it is a number, else NaN. */
  replied(id: number, value: number): void
  /** `count` replies arrived at once; `replied` was called for each of them. */
  heard(player: Sender, count: number): void
}

export interface PlayerInit {
  readonly port: number
  readonly protocol: Protocol
  readonly listener: PlayerListener
}

/** Buffer that all sockets are read into. A callback must copy the bytes that it keeps. */
const readBuffer = Buffer.allocUnsafe(64 * 1024)

export class Player implements FrameReader, Hearer, Sender {
  readonly #protocol: Protocol
  readonly #listener: PlayerListener
  readonly #greeting: Greeting
  readonly #socket: Socket
  #onIn: () => void = () => {}
  #replies = 0
  /** The HTTP response to the upgrade, until it is complete. */
  #response: string | undefined = ''
  #rest: Buffer | undefined
  #isOver = false

  private constructor({ port, protocol, listener }: PlayerInit) {
    this.#protocol = protocol
    this.#listener = listener
    this.#greeting = protocol.greet()
    const onread = {
      buffer: readBuffer,
      callback: (size: number): boolean => {
        guard(() => this.#receive(readBuffer.subarray(0, size)))
        return true
      }
    }
    this.#socket = connect({ host: '127.0.0.1', port, noDelay: true, onread })
    this.#socket.on('error', fail)
    this.#socket.on('end', () => {
      if (!this.#isOver) fail(new Error('The server closed a connection of the load'))
    })
  }

  /** Connects. Resolves when requests may be sent. */
  static async join(init: PlayerInit): Promise<Player> {
    const target = await init.protocol.enter(init.port)
    return new Promise(resolve => {
      const player = new Player(init)
      player.#onIn = () => resolve(player)
      player.#socket.write(upgradeRequest(target))
    })
  }

  send(frames: Buffer): void {
    this.#socket.write(frames)
  }

  /** Disconnects at once, without a closing handshake. */
  leave(): void {
    this.#isOver = true
    this.#socket.destroy()
  }

  message(bytes: Buffer, start: number, end: number): void {
    if (this.#greeting.isOver) return this.#protocol.read(bytes, start, end, this)
    const answer = this.#greeting.hear(bytes.subarray(start, end))
    if (answer !== undefined) this.answer(answer)
    if (this.#greeting.isOver) this.#onIn()
  }

  ping(payload: Buffer): void {
    this.#socket.write(encodeFrame('pong', payload))
  }

  reply(id: number, value: number): void {
    this.#replies++
    this.#listener.replied(id, value)
  }

  answer(message: Buffer, seconds = 0): void {
    const frame = encodeFrame(this.#protocol.isText ? 'text' : 'binary', message)
    if (seconds === 0) this.#socket.write(frame)
    else setTimeout(() => this.#isOver || this.#socket.write(frame), seconds * 1000).unref()
  }

  #receive(bytes: Buffer): void {
    if (this.#isOver) return
    if (this.#response !== undefined) return this.#upgraded(bytes)
    const all = this.#rest === undefined ? bytes : Buffer.concat([this.#rest, bytes])
    const rest = readFrames(all, this)
    // Copied, because all sockets are read into the same buffer.
    this.#rest = rest === all.length ? undefined : Buffer.from(all.subarray(rest))
    const count = this.#replies
    this.#replies = 0
    if (count > 0) this.#listener.heard(this, count)
  }

  /** Handles the bytes behind the response: the server's first message may arrive together with it. */
  #upgraded(bytes: Buffer): void {
    const response = this.#response + bytes.toString('latin1')
    const end = response.indexOf('\r\n\r\n')
    this.#response = end < 0 ? response : undefined
    if (end < 0) return
    if (!response.startsWith('HTTP/1.1 101 ')) throw new Error(`The upgrade was refused: ${response}`)
    if (this.#greeting.first !== undefined) this.answer(this.#greeting.first)
    if (this.#greeting.isOver) this.#onIn()
    const rest = Buffer.from(response.slice(end + 4), 'latin1')
    if (rest.length > 0) this.#receive(rest)
  }
}

/** Connections that are opened at a time: fewer than the server's backlog of connections to accept. */
const joinsAtOnce = 50

/** Connects the players, spread over the ports, each with a listener of its own. */
export async function joinAll<Listener extends PlayerListener>(
  { sockets, ports, protocol }: { sockets: number; ports: readonly number[]; protocol: Protocol },
  listen: () => Listener
): Promise<{ player: Player; listener: Listener }[]> {
  const joined: { player: Player; listener: Listener }[] = []
  let next = 0
  const joinOn = async () => {
    while (next < sockets) {
      const index = next++
      const listener = listen()
      const player = await Player.join({ port: ports[index % ports.length]!, protocol, listener })
      joined[index] = { player, listener }
    }
  }
  await Promise.all(Array.from({ length: Math.min(joinsAtOnce, sockets) }, joinOn))
  return joined
}
