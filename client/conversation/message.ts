/**
 * A request or a notify while it waits to be written. Its route is a name. Its code is that of the socket
 * that it is written to, which may not be the one that was open when it was asked for.
 */
import { describeValue } from '../../shared/check.js'
import { errors } from '../../shared/errors.js'
import { utf8Length } from '../../shared/utf8.js'
import {
  maxRouteBytes,
  messageHeaderSize,
  type messageKinds,
  writeMessageHeader
} from '../../shared/wire/message.js'
import { ClientError } from '../base/client-error.js'

export interface ClientMessage {
  readonly kind: typeof messageKinds.request | typeof messageKinds.notify
  /** 0 for a notify. */
  readonly id: number
  readonly route: string
  readonly body: Uint8Array
  /** Bytes that it takes with its route as text. */
  readonly size: number
}

export function createMessage(
  kind: ClientMessage['kind'],
  id: number,
  route: string,
  body: Uint8Array
): ClientMessage {
  return { kind, id, route, body, size: messageHeaderSize({ kind, id, route }) + body.length }
}

/**
 * Returns the name of a route. Whether there is such a route is the gateway's to know.
 *
 * @throws ClientError `ROUTE_INVALID`
 */
export function expectRoute(route: unknown): string {
  // Half a surrogate pair has no length in UTF-8, and is told as -1.
  const bytes = typeof route === 'string' ? utf8Length(route) : -1
  if (bytes >= 0 && bytes <= maxRouteBytes) return route as string
  throw new ClientError(errors.routeInvalid(describeValue(route)))
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
