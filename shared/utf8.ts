/**
 * UTF-8 on the wire, and the CESU-8 of older clients. The JavaScript clients of Pomelo write a character
 * beyond the BMP as two 3-byte sequences (CESU-8), one for each half of its surrogate pair, and misread the
 * 4-byte sequence of UTF-8. So both forms are read here. Text for such clients needs neither: JSON escapes
 * replace these characters. Leaves the parsing of JSON to others.
 */
import { wireErrors } from './wire-errors.js'

// A byte order mark is content like any other here: JSON.parse refuses it, as it should.
const strictDecoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * Reads UTF-8 strictly, and CESU-8 surrogate pairs beside it.
 *
 * @throws BODY_MALFORMED for any other sequence, half a pair included.
 */
export function decodeUtf8(bytes: Uint8Array): string {
  try {
    return strictDecoder.decode(bytes)
  } catch {
    // Nearly all text is plain UTF-8, so only other text pays for a second pass.
    const repaired = joinSurrogates(bytes)
    if (repaired !== undefined) {
      try {
        return strictDecoder.decode(repaired)
      } catch {
        // Reported below, like text without a pair.
      }
    }
    throw wireErrors.bodyMalformed('its text is not UTF-8')
  }
}

/**
 * Returns the bytes with each CESU-8 pair replaced by the 4 bytes of UTF-8; undefined if there is no pair.
 * `ed` can't be the second byte of a sequence, so this never makes malformed text well-formed.
 */
function joinSurrogates(bytes: Uint8Array): Uint8Array | undefined {
  let pair = findSurrogatePair(bytes, 0)
  if (pair === -1) return undefined
  const joined = new Uint8Array(bytes.length)
  let from = 0
  let to = 0
  while (pair !== -1) {
    joined.set(bytes.subarray(from, pair), to)
    to += pair - from
    const high = ((bytes[pair + 1]! & 0x0f) << 6) | (bytes[pair + 2]! & 0x3f)
    const low = ((bytes[pair + 4]! & 0x0f) << 6) | (bytes[pair + 5]! & 0x3f)
    const character = 0x10000 + ((high << 10) | low)
    joined[to++] = 0xf0 | (character >> 18)
    joined[to++] = 0x80 | ((character >> 12) & 0x3f)
    joined[to++] = 0x80 | ((character >> 6) & 0x3f)
    joined[to++] = 0x80 | (character & 0x3f)
    from = pair + 6
    pair = findSurrogatePair(bytes, from)
  }
  joined.set(bytes.subarray(from), to)
  return joined.subarray(0, to + bytes.length - from)
}

/** Returns the index of the next `ed a0..af xx ed b0..bf xx`; -1 if there is none. */
function findSurrogatePair(bytes: Uint8Array, from: number): number {
  const last = bytes.length - 6
  let at = bytes.indexOf(0xed, from)
  while (at !== -1 && at <= last) {
    if (
      (bytes[at + 1]! & 0xf0) === 0xa0 &&
      (bytes[at + 2]! & 0xc0) === 0x80 &&
      bytes[at + 3] === 0xed &&
      (bytes[at + 4]! & 0xf0) === 0xb0 &&
      (bytes[at + 5]! & 0xc0) === 0x80
    ) {
      return at
    }
    at = bytes.indexOf(0xed, at + 1)
  }
  return -1
}

const surrogates = /[\ud800-\udfff]/
const everySurrogate = /[\ud800-\udfff]/g
const nonAscii = /[\u0080-\uffff]/
const everyNonAscii = /[\u0080-\uffff]/g

/** Returns JSON text with each character beyond the BMP as two `\uXXXX` escapes, which every client reads. */
export function escapeAstral(json: string): string {
  return surrogates.test(json) ? json.replace(everySurrogate, escapeUnit) : json
}

/**
 * Returns JSON text in ASCII alone, for messages that are sent before it is known how the client decodes
 * text.
 */
export function escapeNonAscii(json: string): string {
  return nonAscii.test(json) ? json.replace(everyNonAscii, escapeUnit) : json
}

function escapeUnit(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
}

/**
 * Returns the size of a text in bytes of UTF-8; -1 if it has no such form because of half a surrogate pair.
 */
export function utf8Length(text: string): number {
  let length = text.length
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (unit < 0x80) continue
    if (unit < 0x800) {
      length += 1
    } else if (unit < 0xd800 || unit > 0xdfff) {
      length += 2
    } else {
      const next = text.charCodeAt(i + 1)
      if (unit > 0xdbff || !(next >= 0xdc00 && next <= 0xdfff)) return -1
      // Two units, four bytes.
      length += 2
      i++
    }
  }
  return length
}

/**
 * Cache of frequent names, such as routes, by a hash of their bytes. A hit takes a third of the decoder's
 * time (measured). Its string already has a computed hash, which a `Map` need not compute again. Bounded: a
 * new name replaces the previous one in its slot, so a client that invents names costs time but no memory.
 */
const names: string[] = new Array(1024).fill('')

/**
 * Returns the text of a name, from the cache if it was read before. Throws a TypeError if its bytes are not
 * UTF-8.
 */
export function decodeName(bytes: Uint8Array, start: number, end: number): string {
  let hash = 0
  for (let i = start; i < end; i++) hash = (Math.imul(hash, 31) + bytes[i]!) | 0
  const slot = (hash ^ (hash >>> 10)) & (names.length - 1)
  const known = names[slot]!
  if (known.length === end - start) {
    let i = 0
    while (i < known.length && known.charCodeAt(i) === bytes[start + i]!) i++
    if (i === known.length) return known
  }
  const name = strictDecoder.decode(bytes.subarray(start, end))
  // A name with as many UTF-16 units as bytes is ASCII. Only for ASCII is the comparison above correct.
  if (name.length === end - start) names[slot] = name
  return name
}
