/**
 * Converts bodies to bytes and back. Bodies are in superjson's form if both sides agreed on it in the
 * handshake, and plain JSON otherwise.
 */

import { encodePlain } from '../shared/bodies/plain-body.js'
import { decodeRich, encodeRich } from '../shared/bodies/rich-body.js'
import { wireErrors } from '../shared/wire-errors.js'
import { ClientError } from './base/client-error.js'

/**
 * Encodes a body. `maxBytes`: the largest size that the gateway accepts; undefined: the gateway has not told
 * it.
 *
 * @throws ClientError `BODY_NOT_SERIALIZABLE`, naming the path; `BODY_TOO_LARGE`
 */
export function encodeBody(value: unknown, rich: boolean, maxBytes?: number): Uint8Array {
  const bytes = new TextEncoder().encode(rich ? encodeRich(value, refuse) : encodePlain(value, refuse))
  if (maxBytes === undefined || bytes.length <= maxBytes) return bytes
  throw new ClientError(wireErrors.bodyTooLarge(`${bytes.length} bytes`, maxBytes))
}

/** Decodes a body from the gateway. The gateway is trusted, so nothing is checked. */
export function decodeBody(bytes: Uint8Array, rich: boolean): unknown {
  const text = new TextDecoder().decode(bytes)
  if (rich) return decodeRich(text)
  return text === '' ? undefined : JSON.parse(text)
}

function refuse(path: string, what: string): ClientError {
  return new ClientError(wireErrors.bodyNotSerializable(path, what))
}
