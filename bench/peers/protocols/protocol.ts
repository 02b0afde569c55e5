/** The interface of a protocol: how to connect, how to request, and how to read replies. */
import type { UpgradeTarget } from './web-socket.js'

/**
 * A protocol. A new one is created for each task of the load, and it may keep what servers say while players
 * connect.
 */
export interface Protocol {
  /** Whether clients send text messages. */
  readonly isText: boolean
  /** How to open the next socket. */
  enter(port: number): Promise<UpgradeTarget>
  greet(): Greeting
  /**
   * Encodes a request; all players have connected by then. Ids of the same length result in messages of the
   * same length.
   */
  request(route: string, id: number, body: object): Buffer
  /**
   * Reads a message.
   *
   * @throws for a message that reports an error, and for one that no server should send here
   */
  read(bytes: Buffer, start: number, end: number, hearer: Hearer): void
}

/** The messages on one socket before its first request. */
export interface Greeting {
  /** The client's first message; undefined: it waits for the server. */
  readonly first?: Buffer
  /** Returns the client's next message; undefined: none. Not called any more once `isOver`. */
  hear(message: Buffer): Buffer | undefined
  isOver: boolean
}

export interface Hearer {
  /** A reply. `value`: the body if it is a number, else NaN. */
  reply(id: number, value: number): void
  /** A message that the server expects back, after `seconds` seconds. */
  answer(message: Buffer, seconds?: number): void
}

/** For protocols without messages before the first request. */
export const noGreeting: Greeting = { isOver: true, hear: () => undefined }

/** Reads a number in decimal digits; NaN if these bytes are anything else. */
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
