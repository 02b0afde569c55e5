/**
 * One socket of the load. It connects, upgrades, reads replies and checks them. Its owner decides what it
 * sends and when.
 */
import { connect, type Socket } from 'node:net'
import { idOf, pongFrame, type ReplyReader, readReplies, requestFrame } from './frames.js'
import { fail, guard } from './process.js'

/**
 * Check of replies. `counted`: in order, with the values 1, 2, 3 … on each socket. `ordered`: in order.
 * `any`: as many as requests.
 */
export type ReplyCheck = 'counted' | 'ordered' | 'any'

export interface PlayerListener {
  /** The player's `index`th request, from 0, was answered. `value`: the body if it is a number, else NaN. */
  replied?(player: Player, index: number, value: number): void
  /** The request of that id was answered; for replies in any order. */
  repliedTo?(player: Player, id: number): void
  /** The request of that id was answered with an error. Without this listener, an error ends the run. */
  readonly refusedTo?: ((player: Player, id: number, code: string) => void) | undefined
  /** `count` replies arrived at once; `replied` was called for each of them. */
  heard?(player: Player, count: number): void
}

export interface PlayerInit {
  readonly port: number
  readonly check: ReplyCheck
  /** Route that is requested once, before anything else; its reply is not checked. */
  readonly first?: string | undefined
  readonly listener: PlayerListener
}

export class Player implements ReplyReader, SocketReader {
  readonly #socket: Socket
  readonly #check: ReplyCheck
  readonly #listener: PlayerListener
  #replied = 0
  /** Events so far; a handler that sends events sends one before each reply. */
  #events = 0
  #rest: Buffer | undefined
  /** Waits for the reply to the first request; undefined: none, or it has arrived. */
  #onFirst: (() => void) | undefined
  #isOver = false

  private constructor(socket: Socket, { check, listener }: PlayerInit) {
    this.#socket = socket
    this.#check = check
    this.#listener = listener
  }

  /** Connects. Resolves when the first request, if there is one, is answered. */
  static async join(init: PlayerInit): Promise<Player> {
    let player: Player | undefined
    await openSocket(init.port, socket => (player = new Player(socket, init)))
    return player!.#begin(init.first)
  }

  async #begin(first: string | undefined): Promise<Player> {
    if (first !== undefined) await this.#askFirst(first)
    return this
  }

  send(frames: Buffer): void {
    this.#socket.write(frames)
  }

  /** Disconnects at once. */
  leave(): void {
    this.#isOver = true
    this.#socket.destroy()
  }

  /** Disconnects. Resolves when the server has closed its side too. */
  part(): Promise<void> {
    this.#isOver = true
    return new Promise(resolve => {
      this.#socket.once('close', () => resolve())
      this.#socket.end()
    })
  }

  receive(bytes: Buffer): void {
    if (this.#isOver) return
    const before = this.#replied
    const all = this.#rest === undefined ? bytes : Buffer.concat([this.#rest, bytes])
    const rest = readReplies(all, this)
    // Copied, because all sockets are read into the same buffer.
    this.#rest = rest === all.length ? undefined : Buffer.from(all.subarray(rest))
    const count = this.#replied - before
    if (count > 0) this.#listener.heard?.(this, count)
  }

  reply(id: number, value: number): void {
    if (this.#onFirst !== undefined) return this.#onFirst()
    const index = this.#replied++
    if (this.#check !== 'any') this.#expect(index, id, value)
    this.#listener.replied?.(this, index, value)
    this.#listener.repliedTo?.(this, id)
  }

  event(value: number): void {
    expectCount(++this.#events, value)
  }

  refused(id: number, code: string): void {
    if (this.#listener.refusedTo === undefined) {
      throw new Error(`The server answered with an error: ${id} ${code}`)
    }
    this.#listener.refusedTo(this, id, code)
  }

  ping(payload: Buffer): void {
    this.#socket.write(pongFrame(payload))
  }

  /** The server closed the connection. */
  ended(): void {
    if (!this.#isOver) fail(new Error('The server closed a connection of the load'))
  }

  #expect(index: number, id: number, value: number): void {
    const expected = idOf(index)
    if (id !== expected) {
      throw new Error(`Wrong answer: the reply to ${expected} was due, and ${id} was answered`)
    }
    if (this.#check === 'counted') expectCount(index + 1, value)
    if (this.#events > 0 && this.#events !== index + 1)
      throw new Error(`Wrong answer: ${this.#events} events came before reply ${index + 1}`)
  }

  #askFirst(route: string): Promise<void> {
    return new Promise(resolve => {
      this.#onFirst = () => {
        this.#onFirst = undefined
        resolve()
      }
      this.send(requestFrame(0, route, '{}'))
    })
  }
}

/**
 * Checks a value of a counter.
 *
 * @throws if it is not the next number
 */
export function expectCount(expected: number, value: number): void {
  if (value !== expected) {
    throw new Error(`Wrong answer: the counter of a socket should be ${expected} and is ${value}`)
  }
}

/** Connections that are opened at a time: fewer than the server's backlog of connections to accept. */
const joinsAtOnce = 100

/** Connects `count` players; `init` returns the options of each. */
export async function joinAll(count: number, init: (index: number) => PlayerInit): Promise<Player[]> {
  const players: Player[] = []
  let next = 0
  const joinOn = async () => {
    while (next < count) {
      const index = next++
      players[index] = await Player.join(init(index))
    }
  }
  await Promise.all(Array.from({ length: Math.min(joinsAtOnce, count) }, joinOn))
  return players
}

/** Buffer that all sockets are read into. A callback must copy the bytes that it keeps. */
const readBuffer = Buffer.allocUnsafe(64 * 1024)

const upgrade = [
  'GET / HTTP/1.1',
  'Host: 127.0.0.1',
  'Connection: Upgrade',
  'Upgrade: websocket',
  // Without a subprotocol, the gateway waits for the first message to detect the protocol, at most as long as
  // for a handshake.
  'Sec-WebSocket-Protocol: sallyport.json',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  '',
  ''
].join('\r\n')

/** Receives what a socket reads. */
export interface SocketReader {
  receive(bytes: Buffer): void
  /** The server closed the connection. */
  ended(): void
}

/** Connects a socket and upgrades it. Then creates the reader, which receives all that the socket reads. */
export function openSocket(port: number, create: (socket: Socket) => SocketReader): Promise<Socket> {
  return new Promise((resolve, reject) => {
    let reader: SocketReader | undefined
    let answer = ''
    const onread = {
      buffer: readBuffer,
      callback: (size: number, buffer: Uint8Array): boolean => {
        if (reader !== undefined) {
          guard(() => reader!.receive((buffer as Buffer).subarray(0, size)))
          return true
        }
        answer += (buffer as Buffer).toString('latin1', 0, size)
        if (!answer.endsWith('\r\n\r\n')) return true
        if (!answer.startsWith('HTTP/1.1 101 ')) reject(new Error(`The upgrade was refused: ${answer}`))
        else {
          reader = create(socket)
          resolve(socket)
        }
        return true
      }
    }
    const socket = connect({ host: '127.0.0.1', port, noDelay: true, onread }, () => socket.write(upgrade))
    socket.on('error', error => (reader === undefined ? reject(error) : fail(error)))
    socket.on('end', () => (reader === undefined ? reject(closedEarly()) : reader.ended()))
  })
}

function closedEarly(): Error {
  return new Error('The server closed a connection of the load before it was upgraded')
}
