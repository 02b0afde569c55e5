/**
 * A line of the log as text. What is logged may come from anybody: no text can pass for a line of its own, colour a
 * terminal or turn the direction of what follows, and none makes the line longer than it may be.
 */
import type { FieldWriter } from './field-text.js'

/** Characters of a line of text, at most; what is beyond is cut off, and counted in its place. */
export const maxLineLength = 65_536

export class TextLine {
  #text: string
  /** Characters, and fields, that were not even looked at. */
  #lost = 0
  #fieldsLeftOut = 0

  /** `start`: what nobody else has chosen. */
  constructor(start: string) {
    this.#text = start
  }

  /** Whether what comes now would be cut off. */
  get isFull(): boolean {
    return this.#text.length >= maxLineLength
  }

  addMessage(message: string): void {
    this.#text += ` ${escapeText(this.#bound(message))}`
  }

  addField(name: string, value: unknown, writer: FieldWriter): void {
    this.#text += ` ${printText(this.#bound(name))}=${this.#print(value, writer)}`
  }

  /** Counts further fields that there is no room for. */
  leaveOut(fields: number): void {
    this.#fieldsLeftOut += fields
  }

  /** The line, which says how much of it is left out. */
  end(): string {
    const rest = Math.max(this.#text.length - maxLineLength, 0) + this.#lost
    const more: string[] = []
    if (rest > 0) more.push(`${rest} characters`)
    if (this.#fieldsLeftOut > 0) more.push(`${this.#fieldsLeftOut} fields`)
    return more.length === 0
      ? this.#text
      : `${this.#text.slice(0, maxLineLength)}… and ${more.join(' and ')} more`
  }

  #print(value: unknown, writer: FieldWriter): string {
    if (value === undefined) return 'undefined'
    if (typeof value === 'string') return printText(this.#bound(value))
    const text = writer.write(value, maxLineLength, maxLineLength)
    // What has become a text is printed as one.
    return text.startsWith('"') ? printText(JSON.parse(text)) : escapeText(text)
  }

  #bound(text: string): string {
    if (text.length <= maxLineLength) return text
    this.#lost += text.length - maxLineLength
    return text.slice(0, maxLineLength)
  }
}

/** A text as it is, if it is one word; a stack in its lines; anything else in quotes. */
function printText(text: string): string {
  if (/^[\w.:/-]+$/.test(text)) return text
  return /\n {4}at /.test(text) ? printLines(text) : escapeText(JSON.stringify(text))
}

/** Several lines, indented: none of them begins as a line of the log does. */
function printLines(text: string): string {
  return text.split('\n').map(escapeText).join('\n    ')
}

/**
 * What a terminal or a reader takes for more than a character: controls (line breaks and the start of each ANSI
 * sequence among them), Unicode's line breaks, and marks that turn the direction of text.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: that is what must not reach a terminal
const unsafe = /[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g

const shortEscapes: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

function escapeText(text: string): string {
  return text.replace(
    unsafe,
    char => shortEscapes[char] ?? `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`
  )
}
