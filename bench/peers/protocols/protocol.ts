/** What the load must know of a server's protocol: how to come in, to ask, and to read the answer. */
import type { Entrance } from './web-socket.js'

/** One is made for each time that the load does something; what servers say while a player comes in, it may keep. */
export interface Protocol {
  /** Whether what clients say goes into text messages. */
  readonly isText: boolean
  /** How the next socket is to be opened. */
  enter(port: number): Promise<Entrance>
  greet(): Greeting
  /** The message that asks for a route. Where all have come in. Ids of one length give messages of one length. */
  request(route: string, id: number, body: object): Buffer
  /** @throws for a message that says that something is wrong, and for one that no server should send here */
  read(bytes: Buffer, start: number, end: number, hearer: Hearer): void
}

/** What is said on one socket before the first request. */
export interface Greeting {
  /** What the client says first; undefined: it waits for the server. */
  readonly first?: Buffer
  /** Answers what the client says next; undefined: nothing. Not called any more when `isOver`. */
  hear(message: Buffer): Buffer | undefined
  isOver: boolean
}

export interface Hearer {
  /** `value`: the number that is the reply's body, NaN of any other body. */
  reply(id: number, value: number): void
  /** Something that the server wants to hear back, so many seconds later. */
  answer(message: Buffer, seconds?: number): void
}

/** Where nothing is said before the first request. */
export const noGreeting: Greeting = { isOver: true, hear: () => undefined }

/** The number in decimal digits that these bytes are; NaN if they are anything else. */
export function readDigits(bytes: Buffer, start: number, end: number): number {
  if (start >= end) return Number.NaN
  let value = 0
  for (let i = start; i < end; i++) {
    const digit = bytes[i]! - 0x30
    if (digit < 0 || digit > 9) return Number.NaN
    value = value * 10 + digit
  }
  return value
}

export function unexpected(bytes: Buffer, start: number, end: number): Error {
  return new Error(
    `The load met a message that is no reply: ${bytes.toString('latin1', start, Math.min(end, start + 130))}`
  )
}
