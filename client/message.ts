/**
 * A request or a notify while it waits to be written. Its route is a name. Its code is that of the socket
 * that it is written to, which may not be the one that was open when it was asked for.
 */
import { messageHeaderSize, type messageKinds, writeMessageHeader } from '../shared/wire/message.js'

export interface ClientMessage {
  readonly kind: typeof messageKinds.request | typeof messageKinds.notify
  /** 0 for a notify. */
  readonly id: number
  readonly route: string
  readonly body: Uint8Array
  /** Bytes that it takes with its route as text. */
  readonly size: number
}

/** @throws RangeError for a route that is too long, or has no form in UTF-8 */
export function createMessage(
  kind: ClientMessage['kind'],
  id: number,
  route: string,
  body: Uint8Array
): ClientMessage {
  return { kind, id, route, body, size: messageHeaderSize({ kind, id, route }) + body.length }
}

/** The bytes of a message. `route`: as the dictionary of its socket has it. */
export function encodeMessage({ kind, id, body }: ClientMessage, route: string | number): Uint8Array {
  const head = { kind, id, route }
  const size = messageHeaderSize(head)
  const bytes = new Uint8Array(size + body.length)
  writeMessageHeader(bytes, 0, head)
  bytes.set(body, size)
  return bytes
}
