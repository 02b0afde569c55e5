/**
 * Items of a flat array as one text, which needs no escapes: `12;` is a number, `5:hello` a text by its
 * length, and `~` null. Texts and numbers come out exactly as they went in, even lone surrogates and NaN.
 */
import { ownText } from '../../../shared/text/own-text.js'
import type { Item } from './links.js'

/** Thrown for a text that no gateway writes. */
export class UnreadableBatchError extends Error {}

export function formatItems(items: readonly Item[]): string {
  let text = ''
  for (const item of items) {
    if (typeof item === 'string') text += `${item.length}:${item}`
    else text += item === null ? '~' : `${item};`
  }
  return text
}

/**
 * Returns the items of a text, none of which keeps the whole text in memory.
 *
 * @throws UnreadableBatchError
 */
export function parseItems(text: string): Item[] {
  return new ItemReader(text).items(text.length)
}

/** A character that takes more than one byte. V8 answers at once for a text that it stores by bytes. */
const wide = /[^\0-\xff]/

/** First character of a message in UTF-16. One in latin1 begins with a digit. */
const wideMark = 'u'

/** Returns whether a text needs more than one byte for some character. */
export function isWide(text: string): boolean {
  return wide.test(text)
}

/** Encodes a message that begins with a number: in latin1, or in UTF-16 if a character needs it. */
export function encodeText(text: string): Buffer {
  return isWide(text) ? Buffer.from(wideMark + text, 'utf16le') : Buffer.from(text, 'latin1')
}

/** Returns a reader of the items of an encoded message. */
export function readEncoded(bytes: Buffer): ItemReader {
  if (bytes[0] !== wideMark.charCodeAt(0)) return new ItemReader(bytes.toString('latin1'))
  if (bytes.length % 2 !== 0) throw new UnreadableBatchError('a batch with half a character')
  const reader = new ItemReader(bytes.toString('utf16le'))
  reader.skip(1)
  return reader
}

const semicolon = 59
const colon = 58
const tilde = 126
const zero = 48

/** Reads the items of a text one by one. All methods throw UnreadableBatchError. */
export class ItemReader {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#text.length
  }

  /** Skips so many characters. */
  skip(characters: number): void {
    if (characters > this.#text.length - this.#at)
      throw new UnreadableBatchError(`a batch without the ${characters} characters at ${this.#at}`)
    this.#at += characters
  }

  /** Reads an integer from 0 up. */
  whole(): number {
    const value = this.item()
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value
    throw new UnreadableBatchError(`a batch without an integer from 0 up before ${this.#at}`)
  }

  /** Reads the items of the next `characters` characters, which must end with an item. */
  items(characters: number): Item[] {
    const end = this.#at + characters
    if (end > this.#text.length)
      throw new UnreadableBatchError(`a batch without the ${characters} characters at ${this.#at}`)
    const items: Item[] = []
    while (this.#at < end) items.push(this.item())
    if (this.#at !== end) throw new UnreadableBatchError(`a batch with an item across ${end}`)
    return items
  }

  item(): Item {
    const text = this.#text
    const start = this.#at
    let at = start
    let number = 0
    let code = text.charCodeAt(at)
    // Nearly all numbers are integers of a few digits.
    while (code >= zero && code < colon && at - start < 15) {
      number = number * 10 + code - zero
      code = text.charCodeAt(++at)
    }
    if (at > start) {
      if (code === semicolon) {
        this.#at = at + 1
        return number
      }
      if (code === colon) return this.#textOf(at + 1, number)
    }
    if (text.charCodeAt(start) === tilde) {
      this.#at = start + 1
      return null
    }
    return this.#oddNumber(start)
  }

  #textOf(start: number, length: number): string {
    const end = start + length
    if (end > this.#text.length)
      throw new UnreadableBatchError(`a batch without the ${length} characters at ${start}`)
    this.#at = end
    return ownText(this.#text.slice(start, end))
  }

  /** Reads a number that is negative, broken, large, or none. */
  #oddNumber(start: number): number {
    const end = this.#text.indexOf(';', start)
    // No number is longer: -1.2345678901234567e-308.
    const digits = end === -1 || end - start > 25 ? '' : this.#text.slice(start, end)
    const number = Number(digits)
    if (digits === '' || `${number}` !== digits)
      throw new UnreadableBatchError(`a batch without an item at ${start}`)
    this.#at = end + 1
    return number
  }
}
