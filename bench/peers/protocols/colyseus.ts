/**
 * The protocol of Colyseus. A seat is reserved over HTTP, then the room is joined over a WebSocket. Its
 * messages have a type and a body in MessagePack, and none is a reply to another: the request's id is part of
 * the body, and the room sends it back.
 */
import { type Greeting, type Protocol, unexpected } from './protocol.js'

/** First bytes of its messages. */
const kinds = { joinRoom: 10, roomData: 13, roomState: 14, roomStatePatch: 15 } as const

interface Seat {
  readonly sessionId: string
  readonly room: { readonly processId: string; readonly roomId: string }
}

export function createColyseusProtocol(): Protocol {
  return {
    isText: false,
    async enter(port) {
      const url = `http://127.0.0.1:${port}/matchmake/joinOrCreate/counter`
      const answer = await fetch(url, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: '{}'
      })
      const text = await answer.text()
      const { sessionId, room } = JSON.parse(text) as Seat
      if (room === undefined) throw new Error(`There is no seat: ${text}`)
      return { path: `/${room.processId}/${room.roomId}?sessionId=${sessionId}` }
    },
    greet: () => new ColyseusGreeting(),
    request: (route, id, body) =>
      Buffer.concat([Buffer.from([kinds.roomData]), packString(route), packMap({ id, ...body })]),
    /**
     * Reads the type, then the body `{ id, count }`. Ignores the room's state and its patches, which are
     * meant for the players of a real game.
     */
    read(bytes, start, end, hearer) {
      const kind = bytes[start]
      if (kind === kinds.roomState || kind === kinds.roomStatePatch) return
      if (kind !== kinds.roomData) throw unexpected(bytes, start, end)
      // Skips the type, the head of the map, and each name.
      let at = skipString(bytes, start + 1)
      at = skipString(bytes, at + (bytes[at] === map16 ? 3 : 1))
      const id = readInteger(bytes, at)
      at = skipString(bytes, at + integerLength(bytes, at))
      hearer.reply(id, readInteger(bytes, at))
    }
  }
}

/** The greeting: the room says that the player has joined, and the client acknowledges it. */
class ColyseusGreeting implements Greeting {
  isOver = false

  hear(message: Buffer): Buffer {
    if (message[0] !== kinds.joinRoom) throw unexpected(message, 0, message.length)
    this.isOver = true
    return Buffer.from([kinds.joinRoom])
  }
}

/** First byte of a map whose size takes two more bytes; a small map has its size in the first byte. */
const map16 = 0xde

/**
 * First bytes of the integers of MessagePack that the load meets; a byte below 0x80 is the integer itself.
 */
const uint8 = 0xcc
const uint16 = 0xcd
const uint32 = 0xce

function packMap(map: object): Buffer {
  const entries = Object.entries(map)
  const parts = entries.flatMap(([name, value]) => [
    packString(name),
    typeof value === 'number' ? packInteger(value) : packString(String(value))
  ])
  return Buffer.concat([Buffer.from([0x80 | entries.length]), ...parts])
}

function packString(text: string): Buffer {
  const bytes = Buffer.from(text)
  const head = bytes.length < 32 ? [0xa0 | bytes.length] : [0xd9, bytes.length]
  return Buffer.concat([Buffer.from(head), bytes])
}

function packInteger(value: number): Buffer {
  return Buffer.from(value < 0x80 ? [value] : [uint16, value >> 8, value & 0xff])
}

/** Returns the end of a string of less than 32 bytes. */
function skipString(bytes: Buffer, at: number): number {
  return at + 1 + (bytes[at]! & 0x1f)
}

function integerLength(bytes: Buffer, at: number): number {
  const head = bytes[at]!
  return head === uint8 ? 2 : head === uint16 ? 3 : head === uint32 ? 5 : 1
}

function readInteger(bytes: Buffer, at: number): number {
  const head = bytes[at]!
  if (head < 0x80) return head
  if (head === uint8) return bytes[at + 1]!
  if (head === uint16) return bytes.readUInt16BE(at + 1)
  return head === uint32 ? bytes.readUInt32BE(at + 1) : Number.NaN
}
