/**
 * Decodes the bodies of requests and encodes those of replies.
 * On the link a body is its bytes, each as one character. The gateway passes bodies on unread: a request's
 * body is first decoded here, and a reply's body is sent as it is encoded here.
 */
import { gunzipSync } from 'node:zlib'
import { toBytes } from '../../shared/bodies/body-bytes.js'
import { encodePlain } from '../../shared/bodies/plain-body.js'
import { encodeRich, reviveRich } from '../../shared/bodies/rich-body.js'
import type { RichForm } from '../../shared/bodies/rich-form.js'
import { parseUntrusted } from '../../shared/bodies/untrusted-value.js'
import { errors } from '../../shared/errors.js'
import { requestFlags } from '../../shared/link/batch.js'
import { decodeUtf8 } from '../../shared/utf8.js'
import { isDeeper } from '../../shared/wire/depth.js'

const beyondAscii = /[\x80-\xff]/

/** Bytes that the body of a reply may have, so that it fits into a message of Pomelo's protocol. */
const maxReplyBytes = 16_000_000

/**
 * Levels of superjson's form beside those of the annotations: the form itself, `meta`, and the list of a
 * value's kind. Each level of `json` may have two in `meta`: `["set",{"0":…}]`.
 */
const formDepth = 3

export interface BodyLimits {
  /** Maximum size of a body in bytes, also after decompression. */
  readonly maxBodyBytes: number
  /** Maximum nesting of arrays and objects. */
  readonly maxBodyDepth: number
}

/**
 * Returns the value of a request's body; undefined for an empty body. `flags` are the request's flags
 * (`requestFlags`). A client that reads rich bodies writes them too.
 *
 * @throws `BODY_MALFORMED`; `BODY_TOO_LARGE` for a body that is too large after decompression
 */
export function decodeBody(body: string, flags: number, limits: BodyLimits): unknown {
  if (body === '') return undefined
  const isGzipped = (flags & requestFlags.gzipped) !== 0
  const text = isGzipped
    ? unzip(body, limits.maxBodyBytes)
    : beyondAscii.test(body)
      ? decodeUtf8(Buffer.from(body, 'latin1'))
      : body
  if (text === '') return undefined
  const isRich = (flags & requestFlags.rich) !== 0
  const { maxBodyDepth } = limits
  if (isRich) return reviveRich(parseRich(text, maxBodyDepth))
  if (isDeeper(text, maxBodyDepth)) throw nestedTooDeep(maxBodyDepth)
  try {
    return JSON.parse(text)
  } catch (error) {
    throw errors.bodyMalformed(`not JSON (${(error as Error).message})`)
  }
}

/** Parses and checks the text of a rich body, of which the levels of `json` count. */
function parseRich(text: string, maxBodyDepth: number): RichForm {
  // Of most bodies this scan is enough: the form has one level around `json`.
  if (!isDeeper(text, maxBodyDepth + 1)) return parseUntrusted(text)
  if (isDeeper(text, 2 * maxBodyDepth + formDepth)) throw nestedTooDeep(maxBodyDepth)
  const form = parseUntrusted(text)
  if (isDeeper(JSON.stringify(form.json), maxBodyDepth)) throw nestedTooDeep(maxBodyDepth)
  return form
}

function nestedTooDeep(maxBodyDepth: number): Error {
  return errors.bodyMalformed(`nested more than ${maxBodyDepth} levels deep`)
}

function unzip(body: string, maxBytes: number): string {
  let bytes: Buffer
  try {
    bytes = gunzipSync(Buffer.from(body, 'latin1'), { maxOutputLength: maxBytes })
  } catch (error) {
    const isTooLong = (error as { code?: string }).code === 'ERR_BUFFER_TOO_LARGE'
    if (isTooLong) throw errors.bodyTooLarge('more when it is unzipped', maxBytes)
    throw errors.bodyMalformed('not gzip')
  }
  return decodeUtf8(bytes)
}

/**
 * Returns the bytes of a reply; '' for undefined. The form is JSON, or superjson's for a client that reads
 * rich bodies.
 *
 * @throws `REPLY_NOT_SERIALIZABLE`, which names the path, or says how large the reply is
 */
export function encodeReply(value: unknown, isRich: boolean): string {
  const body = toBytes((isRich ? encodeRich : encodePlain)(value, errors.replyNotSerializable))
  if (body.length <= maxReplyBytes) return body
  throw errors.replyNotSerializable('', `${body.length} bytes, of ${maxReplyBytes} that are allowed,`)
}
