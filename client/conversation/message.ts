/**
 * A request or notify that waits to be written. It holds its route by name. The route's code is looked up
 * only at the moment of writing, because a message may go to a later connection with other codes.
 */
import { describeValue } from '../../shared/text/described.js'
import { utf8Length } from '../../shared/utf8.js'
import {
  maxRouteBytes,
  messageHeaderSize,
  type messageKinds,
  writeMessageHeader
} from '../../shared/wire/message.js'
import { maxPackageBody } from '../../shared/wire/package.js'
import { wireErrors } from '../../shared/wire-errors.js'
import { ClientError } from '../base/client-error.js'

export interface ClientMessage {
  readonly kind: typeof messageKinds.request | typeof messageKinds.notify
  /** The request's id; 0 for a notify. */
  readonly id: number
  readonly route: string
  readonly body: Uint8Array
  /** The trace that it belongs to; undefined: it has none. */
  readonly traceparent: string | undefined
  /** Size in bytes with the route as text. */
  readonly size: number
}

/** @throws ClientError `BODY_TOO_LARGE` for a message that no package can hold */
export function createMessage(message: Omit<ClientMessage, 'size'>): ClientMessage {
  const { length } = message.body
  const size = messageHeaderSize(message) + length
  if (size > maxPackageBody) throw new ClientError(wireErrors.bodyTooLarge(`${length} bytes`, maxPackageBody))
  return { ...message, size }
}

/**
 * Checks a route's form and returns it. Only the gateway knows whether the route exists.
 *
 * @throws ClientError `ROUTE_INVALID`
 */
export function expectRoute(route: unknown): string {
  // `utf8Length` returns -1 for an unpaired surrogate.
  const bytes = typeof route === 'string' ? utf8Length(route) : -1
  if (bytes >= 0 && bytes <= maxRouteBytes) return route as string
  throw new ClientError(wireErrors.routeInvalid(describeValue(route)))
}

/**
 * Encodes a message. `route`: its code in the connection's dictionary, or its name. `isTraced`: whether the
 * gateway reads a `traceparent`.
 */
export function encodeMessage(message: ClientMessage, route: string | number, isTraced: boolean): Uint8Array {
  const { kind, id, body } = message
  const head = { kind, id, route, traceparent: isTraced ? message.traceparent : undefined }
  const size = messageHeaderSize(head)
  const bytes = new Uint8Array(size + body.length)
  writeMessageHeader(bytes, 0, head)
  bytes.set(body, size)
  return bytes
}
