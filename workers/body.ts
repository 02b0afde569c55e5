/**
 * A body ⇄ its value. On the link a body is its bytes, each as one character: nothing is decoded before it gets
 * here, and what leaves here goes on to the socket as it is.
 */
import { gunzipSync } from 'node:zlib'
import { errors } from '../shared/errors.js'
import { decodeUtf8, escapeAstral } from '../shared/wire/utf8.js'

const beyondAscii = /[\x80-\xff]/
const beyondAsciiText = /[\u0080-\uffff]/

/**
 * The value of a request's body; an empty body is undefined.
 *
 * @throws `BODY_MALFORMED`
 */
export function decodeBody(body: string, gzipped: boolean, maxBytes: number): unknown {
  if (body === '') return undefined
  const text = gzipped
    ? unzip(body, maxBytes)
    : beyondAscii.test(body)
      ? decodeUtf8(Buffer.from(body, 'latin1'))
      : body
  if (text === '') return undefined
  try {
    return JSON.parse(text)
  } catch (error) {
    throw errors.bodyMalformed(`not JSON (${(error as Error).message})`)
  }
}

function unzip(body: string, maxBytes: number): string {
  let bytes: Buffer
  try {
    bytes = gunzipSync(Buffer.from(body, 'latin1'), { maxOutputLength: maxBytes })
  } catch (error) {
    const isTooLong = (error as { code?: string }).code === 'ERR_BUFFER_TOO_LARGE'
    throw errors.bodyMalformed(isTooLong ? `more than ${maxBytes} bytes when unzipped` : 'not gzip')
  }
  return decodeUtf8(bytes)
}

type Refuse = (path: string, what: string) => Error

/**
 * The bytes of a reply, or of an event; '' for undefined. JSON, with characters beyond the BMP as escapes, which every
 * client reads.
 *
 * @throws what `refuse` makes, by default `REPLY_NOT_SERIALIZABLE`, naming the path
 */
export function encodeBody(value: unknown, refuse: Refuse = errors.replyNotSerializable): string {
  if (value === undefined) return ''
  let json: string | undefined
  try {
    json = JSON.stringify(value)
  } catch {
    const found = findUnserializable(value, '', new Set())
    throw refuse(found?.path ?? '', found?.what ?? 'a value that JSON.stringify refuses')
  }
  if (json === undefined) throw refuse('', `a ${typeof value}`)
  if (!beyondAsciiText.test(json)) return json
  return Buffer.from(escapeAstral(json), 'utf8').toString('latin1')
}

function findUnserializable(
  value: unknown,
  path: string,
  above: Set<object>
): { path: string; what: string } | undefined {
  if (typeof value === 'bigint') return { path, what: 'a BigInt' }
  if (typeof value !== 'object' || value === null) return undefined
  if (above.has(value)) return { path, what: 'a circle' }
  above.add(value)
  for (const [key, each] of Object.entries(value)) {
    const found = findUnserializable(each, path === '' ? key : `${path}.${key}`, above)
    if (found !== undefined) return found
  }
  above.delete(value)
  return undefined
}
