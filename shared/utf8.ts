/**
 * UTF-8 on the wire, and the CESU-8 of older clients. The JavaScript clients of Pomelo write a character
 * beyond the BMP as two 3-byte sequences (CESU-8), one for each half of its surrogate pair, and misread the
 * 4-byte sequence of UTF-8. So both forms are read here, and what is written for such clients is kept free of
 * either by JSON escapes. What the text says is parsed elsewhere.
 */
import { errors } from './errors.js'

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
    // Nearly all text is plain UTF-8, so only text that is not pays for the second look.
    const repaired = joinSurrogates(bytes)
    if (repaired !== undefined) {
      try {
        return strictDecoder.decode(repaired)
      } catch {
        // The same fault as if there had been no pair.
      }
    }
    throw errors.bodyMalformed('its text is not UTF-8')
  }
}

/**
 * The same bytes with each CESU-8 pair as the 4 bytes that UTF-8 has for it; undefined if there is no pair.
 * `ed` can't be the second byte of a sequence, so nothing that is malformed becomes well-formed by this.
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

/** Where the next `ed a0..af xx ed b0..bf xx` begins; -1 if there is none. */
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

/** JSON text with each character beyond the BMP as two `\uXXXX` escapes, which every client reads. */
export function escapeAstral(json: string): string {
  return surrogates.test(json) ? json.replace(everySurrogate, escapeUnit) : json
}

/** JSON text in ASCII alone, for what is read before it is known how a client reads. */
export function escapeNonAscii(json: string): string {
  return nonAscii.test(json) ? json.replace(everyNonAscii, escapeUnit) : json
}

function escapeUnit(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
}

/** How many bytes the text takes as UTF-8; -1 if half a surrogate pair leaves it without such a form. */
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
 * Names that come again and again, such as routes, by a hash of their bytes. A hit takes a third of the
 * decoder's time (measured), and gives a string whose own hash a `Map` need not compute again. Bounded: a
 * newcomer takes the place of whoever has its slot, so a client that makes names up costs time and no memory.
 */
const names: string[] = new Array(1024).fill('')

/** The text of a name that may well have been read before. Its bytes are UTF-8; throws a TypeError if not. */
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
  // As many units as bytes means ASCII: only then do the comparison above and the bytes agree.
  if (name.length === end - start) names[slot] = name
  return name
}
