/**
 * Bodies as they may stand in the log at the level `trace`: parsed, short, and without what looks secret.
 * Errors, whose data may hold secrets too, are treated alike.
 */
import { decodeUtf8 } from '../../shared/utf8.js'

/** Maximum bytes of a body that is shown. */
const maxShown = 16_384

/** Maximum depth of arrays and objects that is shown. */
const maxDepth = 32

const hidden = '[redacted]'

/** Names of members whose values are hidden, whatever they are: `password`, `accessToken`, `api_key`. */
const secretName =
  /pass(word|wd|phrase|code)?$|^pwd$|token|secret|credential|authorization|cookie|api[-_]?key|private[-_]?key|signature|jwt|^auth$|^pin$|^otp$|^cvv?$|card[-_]?number/i

/** Texts that are hidden wherever they are: JSON Web Tokens, and values of the header `authorization`. */
const secretText = /^\s*((bearer|basic)\s+\S|eyJ[\w-]+\.[\w-]+\.)/i

/**
 * Returns the value of a body with secrets replaced by `[redacted]`. A body that is gzipped, long or no JSON
 * becomes a text that says so.
 *
 * @param body the body's bytes, each as one character
 */
export function redactBody(body: string, isGzipped = false): unknown {
  if (body === '') return undefined
  if (isGzipped) return `[gzipped, ${body.length} bytes]`
  if (body.length > maxShown) return `[${body.length} bytes]`
  try {
    return redactValue(JSON.parse(decodeUtf8(Buffer.from(body, 'latin1'))))
  } catch {
    return `[not JSON, ${body.length} bytes]`
  }
}

/** Returns a value of JSON with secrets replaced by `[redacted]`. */
export function redactValue(value: unknown): unknown {
  return redact(value, 0)
}

function redact(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return secretText.test(value) ? hidden : value
  if (typeof value !== 'object' || value === null) return value
  if (depth === maxDepth) return '[deeper]'
  if (Array.isArray(value))
    return value.map(each => (isSecretRow(each) ? [each[0], hidden] : redact(each, depth + 1)))
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [
      name,
      secretName.test(name) ? hidden : redact(member, depth + 1)
    ])
  )
}

/** Whether an item of a list is a key with its value, as a rich body writes the rows of a Map. */
function isSecretRow(item: unknown): item is [string, unknown] {
  return Array.isArray(item) && item.length === 2 && typeof item[0] === 'string' && secretName.test(item[0])
}
