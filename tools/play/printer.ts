/** Prints what a played session sees: for people, or as lines of JSON. */
import { inspect } from 'node:util'
import { printable } from '../../shared/text/printable.js'
import { formatTime } from '../terminal/figures.js'
import { type Paint, printableJson } from '../terminal/output.js'

/** Something that a played session shows. */
export type Shown =
  | { readonly type: 'reply'; readonly route: string; readonly ms: number; readonly body: unknown }
  | {
      readonly type: 'error'
      readonly route?: string
      readonly ms?: number
      readonly code: string
      readonly message: string
    }
  | { readonly type: 'event'; readonly event: string; readonly body: unknown }
  /** What happened to the connection, or the answer of a command. */
  | { readonly type: 'note'; readonly lines: readonly string[] }

/** Longest body that is shown whole, in characters. */
const longest = 10_000

export function formatShown(shown: Shown, paint: Paint): string {
  switch (shown.type) {
    case 'reply':
      return `${paint('green', '←')} ${showBody(shown.body)}  ${paint('dim', formatTime(shown.ms))}`
    case 'error': {
      const time = shown.ms === undefined ? '' : `  ${paint('dim', formatTime(shown.ms))}`
      return `${paint('red', `✗ ${printable(shown.code)}`)} ${printable(shown.message)}${time}`
    }
    case 'event':
      return `${paint('cyan', `⚡ ${printable(shown.event)}`)} ${showBody(shown.body)}`
    case 'note':
      return paint('dim', shown.lines.map(printable).join('\n'))
  }
}

/** Returns what is shown as a line of JSON. Bodies that JSON cannot hold are texts. */
export function formatJson(shown: Shown): string {
  if (shown.type === 'note') return printableJson({ type: shown.type, text: shown.lines.join('\n') })
  if (!('body' in shown)) return printableJson(shown)
  const isPlain = isJson(shown.body)
  return printableJson(isPlain ? shown : { ...shown, body: inspect(shown.body) })
}

/** Returns a body as JSON; one with Dates, Maps and so on as Node shows it. */
function showBody(body: unknown): string {
  const text = isJson(body)
    ? (JSON.stringify(body) ?? 'undefined')
    : inspect(body, { depth: 8, breakLength: Number.POSITIVE_INFINITY, customInspect: false })
  return printable(text.length > longest ? `${text.slice(0, longest)}… ${text.length - longest} more` : text)
}

/** Whether JSON holds all of a value. */
function isJson(value: unknown): boolean {
  if (value === null || ['string', 'boolean', 'undefined'].includes(typeof value)) return true
  if (typeof value === 'number') return Number.isFinite(value)
  if (Array.isArray(value)) return value.every(isJson)
  if (typeof value !== 'object') return false
  return Object.getPrototypeOf(value) === Object.prototype && Object.values(value).every(isJson)
}
