/**
 * Encodes an event of a handler or of the gateway's host, once for all of its receivers.
 * The body is written as plain JSON. If JSON loses a part of it, it is written in superjson's form too.
 */
import { toBytes } from '../bodies/body-bytes.js'
import { encodePlain, isPlainBody } from '../bodies/plain-body.js'
import { encodeRich, encodeRicher, wrapPlain } from '../bodies/rich-body.js'
import { expectEvent } from '../check.js'
import { errors } from '../errors.js'
import { type EventOptions, type EventText, expectEventBody, readEventOptions } from './event.js'

/**
 * Encodes an event.
 *
 * @throws `EVENT_NOT_SERIALIZABLE`; TypeError for an invalid name or invalid options
 */
export function createEventText(name: string, body: unknown, options?: EventOptions): EventText {
  const checked = expectEvent(name)
  const { delivery, key, richOnly } = readEventOptions(options)
  const { plain, rich } = encodeEventBody(body, richOnly)
  return { name: checked, body: plain, rich, richOnly, delivery, key }
}

function encodeEventBody(body: unknown, richOnly: boolean): { plain: string; rich: string } {
  if (richOnly) return { plain: '', rich: encode(encodeRich(body, errors.eventNotSerializable)) }
  const json = encodePlain(body, refusePlain)
  const plain = encode(json)
  if (body === undefined || isPlainBody(body)) return { plain, rich: '' }
  const rich = encodeRicher(body, errors.eventNotSerializable)
  return { plain, rich: rich === wrapPlain(json) ? '' : encode(rich) }
}

function encode(json: string): string {
  return expectEventBody(toBytes(json))
}

/**
 * Creates the error for a body without a plain form. The receivers are not known here, so only an event with
 * `richOnly` may have such a body.
 */
function refusePlain(path: string, what: string): Error {
  if (!richAlone.has(what)) return errors.eventNotSerializable(path, what)
  const where = path === '' ? 'its top' : path
  return errors.eventNotSerializable(`${where} (with richOnly it goes to clients of rich bodies alone)`, what)
}

/** Kinds of values that superjson has a form for and JSON has none. */
const richAlone = new Set(['a BigInt', 'a Map', 'a Set', 'an Error'])
