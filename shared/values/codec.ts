/**
 * Encodes the values of settings as text, and decodes them.
 * The text is superjson's. Plain JSON values take a shortcut that writes the same text several times faster.
 * The gateway stores and forwards texts and needs none of this. Workers encode a value when it is pushed, and
 * decode it when its key is read; so does the gateway where its host reads one. Texts come from our own
 * workers only: superjson's parser is not safe for text from clients. A text of a worker that is broken may
 * fail to be read, and takes no more memory than its length allows.
 *
 * A value that would not survive unchanged is refused with the path to the part at fault. A few properties
 * are lost all the same, since checking for them costs too much; docs/reference/values.md lists them, and a
 * test compares that list with the code.
 */
import { errors } from '../errors.js'
import { isInstance } from '../text/instance.js'
import { messageOf } from '../text/thrown.js'
import { Inspection, Unencodable } from './inspection.js'
import { buildValue, writeText } from './kinds.js'
import { isPlain } from './plain-value.js'

/**
 * Returns the text of a value.
 *
 * @throws `VALUE_NOT_SERIALIZABLE`, which names the key and the path in the value
 */
export function encodeValue(key: string, value: unknown): string {
  try {
    // Numbers are stringified too: a number in a template goes through V8's number cache, at twice the cost.
    if (!isPlain(value, false)) return encodeRich(value)
    return `{"json":${expectText(JSON.stringify(value))}}`
  } catch (error) {
    if (isInstance(error, Unencodable)) throw errors.valueNotSerializable(key, error.path, error.message)
    throw errors.valueNotSerializable(key, '', messageOf(error))
  }
}

/** Returns the value of a text that `encodeValue` has made. Each call returns a new value. */
export function decodeValue(text: string): unknown {
  const number = readInteger(text)
  if (number !== undefined) return number
  const parsed = JSON.parse(text)
  return parsed.meta === undefined ? parsed.json : buildValue(parsed)
}

const valueStart = '{"json":'.length
/** Number of decimal digits that a double always holds exactly. */
const exactDigits = 15

/** Reads a text like `{"json":17}` without a parser. Returns undefined for any other text. */
function readInteger(text: string): number | undefined {
  const end = text.length - 1
  if (end > valueStart + exactDigits) return undefined
  let number = 0
  for (let i = valueStart; i < end; i++) {
    const digit = text.charCodeAt(i) - 48
    if (digit < 0 || digit > 9) return undefined
    number = number * 10 + digit
  }
  return end > valueStart ? number : undefined
}

function encodeRich(value: unknown): string {
  const inspection = new Inspection()
  inspection.start(value)
  const { circle, hasCollection } = inspection
  if (circle !== undefined && hasCollection) throw new Unencodable(circle, 'a circle beside a Set or a Map')
  return expectText(writeText(value, circle !== undefined))
}

/** Refuses a value whose `toJSON` was not there a moment ago, such as that of a getter or a Proxy. */
function expectText(json: string | undefined): string {
  if (json === undefined) throw new Unencodable('', 'a value that JSON leaves out')
  return json
}
