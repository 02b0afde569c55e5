/** What passes between a client and a handler in a `TestWorld`: as over a connection, by a worker's own code. */
import { toBytes } from '../shared/bodies/body-bytes.js'
import { decodeRich, encodeRich } from '../shared/bodies/rich-body.js'
import { errors } from '../shared/errors.js'
import { requestFlags } from '../shared/link/batch.js'
import { decodeBody, encodeReply } from '../workers/running/body.js'
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
