/** Writes to the terminal: safe texts, colours where they are wanted, and whole outputs before the end. */
import type { WriteStream } from 'node:tty'
import { printable } from '../../shared/text/printable.js'

/** ANSI codes of the styles that the tools use. */
const codes = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  cyan: [36, 39]
} as const

export type Style = keyof typeof codes

/** Returns a text in a style; or the text as it is, if there shall be no colours. */
export type Paint = (style: Style, text: string) => string

/** The part of a stream that says whether it is a terminal, and how wide. */
export type Screen = Pick<Partial<WriteStream>, 'isTTY' | 'columns' | 'rows'>

/** Returns the size of a terminal. One that has none, as in some containers, says 0; then it is 80 × 24. */
export function sizeOf({ columns = 0, rows = 0 }: Screen): { columns: number; rows: number } {
  return { columns: columns > 0 ? columns : 80, rows: rows > 0 ? rows : 24 }
}

/**
 * Returns the painter for a stream. A non-empty `NO_COLOR` means no colours (no-color.org); a `FORCE_COLOR`
 * other than 0 means colours, also in a pipe. Otherwise a terminal has colours, unless it is `dumb`.
 */
export function painterFor({ isTTY = false }: Screen, env: NodeJS.ProcessEnv): Paint {
  const { NO_COLOR: no = '', FORCE_COLOR: force, TERM: term } = env
  const isForced = force !== undefined && !['', '0', 'false'].includes(force)
  const isOff = force === '0' || force === 'false'
  const isOn = no === '' && !isOff && (isForced || (isTTY && term !== 'dumb'))
  return (style, text) => {
    if (!isOn) return text
    const [on, off] = codes[style]
    return `\u001b[${on}m${text}\u001b[${off}m`
  }
}

/**
 * Returns a value as JSON that a terminal only prints. What it would obey can be in texts alone, where an
 * escape means the same. `indent`: the spaces before the members of a value; 0: all is on one line.
 */
export function printableJson(value: unknown, indent = 0): string {
  return JSON.stringify(value, null, indent).split('\n').map(printable).join('\n')
}

/** Cuts a line to a number of characters, and marks the cut. */
export function cutTo(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`
}

/**
 * Writes a text. Resolves when the reader has it all, or when it is gone: a pipe may be slower than the end
 * of the process.
 */
export function write(stream: NodeJS.WritableStream, text: string): Promise<void> {
  return new Promise(resolve => stream.write(text, () => resolve()))
}
