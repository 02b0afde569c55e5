/**
 * Builds one line of the text log, safely and with a bounded length.
 * Logged texts may come from clients. No text can look like a line of its own, color a terminal, change the
 * direction of the text after it, or exceed the maximum length.
 */
import type { FieldWriter } from './field-text.js'
import { escapeUnsafe } from './printable.js'

/** Maximum length of a line in characters. The rest is cut off, and the line says how much that was. */
export const maxLineLength = 65_536

export class TextLine {
  #text: string
  /** Number of characters and of fields that were left out. */
  #lost = 0
  #fieldsLeftOut = 0

  /** `start`: the beginning of the line, which must be trusted text. */
  constructor(start: string) {
    this.#text = start
  }

  /** Whether the line is full, so that any further text would be cut off. */
  get isFull(): boolean {
    return this.#text.length >= maxLineLength
  }

  addMessage(message: string): void {
    this.#text += ` ${escapeText(this.#bound(message))}`
  }

  addField(name: string, value: unknown, writer: FieldWriter): void {
    this.#text += ` ${printText(this.#bound(name))}=${this.#print(value, writer)}`
  }

  /** Counts fields that were left out because the line is full. */
  leaveOut(fields: number): void {
    this.#fieldsLeftOut += fields
  }

  /** Returns the line, which says how much was left out. */
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
    // A value that was written as a string is printed like other strings.
    return text.startsWith('"') ? printText(JSON.parse(text)) : escapeText(text)
  }

  #bound(text: string): string {
    if (text.length <= maxLineLength) return text
    this.#lost += text.length - maxLineLength
    return text.slice(0, maxLineLength)
  }
}

/** Returns a single word as it is, a stack as indented lines, and any other text in quotes. */
function printText(text: string): string {
  if (/^[\w.:/-]+$/.test(text)) return text
  return /\n {4}at /.test(text) ? printLines(text) : escapeText(JSON.stringify(text))
}

/** Indents all lines but the first, so that none of them looks like a line of the log. */
function printLines(text: string): string {
  return text.split('\n').map(escapeText).join('\n    ')
}

const shortEscapes: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

/** Returns a text whose unsafe characters are written as `\n`, `\r`, `\t` or `\uXXXX`. */
export function escapeText(text: string): string {
  return escapeUnsafe(text, shortEscapes)
}
