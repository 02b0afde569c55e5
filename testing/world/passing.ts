/** What passes between a client and a handler in a `TestWorld`, as over a connection. */
import { isDeepStrictEqual } from 'node:util'
import { toBytes } from '../../shared/bodies/body-bytes.js'
import { decodeRich, encodeRich } from '../../shared/bodies/rich-body.js'
import { errors } from '../../shared/errors.js'
import { requestFlags } from '../../shared/link/batch.js'
import { isRequestError, RequestError } from '../../shared/request-error.js'
import type { Logger } from '../../shared/text/log.js'
import { decodeBody, encodeReply } from '../../workers/running/body.js'
import { tellFailure } from '../../workers/runtime/failure.js'
import { standardBodyLimits } from './link-world.js'

/** Returns a body as a worker reads it. Throws what a gateway with the default limits answers. */
export function passBody<Body>(body: Body): Body {
  const bytes = toBytes(encodeRich(body, errors.bodyNotSerializable))
  const { maxBodyBytes } = standardBodyLimits
  if (bytes.length > maxBodyBytes) throw errors.bodyTooLarge(`${bytes.length} bytes`, maxBodyBytes)
  return decodeBody(bytes, requestFlags.rich, standardBodyLimits) as Body
}

/** Returns a reply as its client reads it. */
export function passReply<Reply>(reply: Reply): Reply {
  return decodeRich(Buffer.from(encodeReply(reply, true), 'latin1').toString()) as Reply
}

/**
 * Returns what a call rejects with. A RequestError has what its client reads; it is the handler's own if that
 * is the same. Faults, which a client gets as `INTERNAL`, stay as they are: the test looks for them.
 */
export function passError(error: unknown, log: Logger): unknown {
  if (!isRequestError(error)) return error
  const { code, message, data } = tellFailure(error, log)
  if (code === error.code && message === error.message && isDeepStrictEqual(data, error.data)) return error
  return Object.assign(new RequestError(code, message, data), { cause: error })
}
