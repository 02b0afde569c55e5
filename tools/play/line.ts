/** Reads a line that was typed: a request, or a command with a dot. */
import { errors } from '../../shared/errors.js'
import { suggest } from '../../shared/text/nearest.js'
import { printable } from '../../shared/text/printable.js'
import { readDuration, readJson } from '../terminal/arguments.js'

export type Line =
  | { readonly kind: 'nothing' | 'help' | 'routes' | 'state' | 'resume' | 'exit' }
  | { readonly kind: 'request' | 'notify'; readonly route: string; readonly body: unknown }
  /** Without `ms` the connection stays cut until `resume`. */
  | { readonly kind: 'cut'; readonly ms: number | undefined }
  | { readonly kind: 'wait'; readonly event: string; readonly ms: number | undefined }
  | { readonly kind: 'sleep'; readonly ms: number }
  | { readonly kind: 'events'; readonly isOn: boolean }

/** The commands, with what follows them and what they do. */
export const lineHelp: readonly (readonly [string, string])[] = [
  ['ROUTE [JSON]', 'send a request, and show its reply'],
  ['.notify ROUTE [JSON]', 'send a notify, which has no reply'],
  ['.wait EVENT [TIME]', 'wait for the oldest event of this name that no .wait has taken'],
  ['.events on|off', 'show events as they come, or do not'],
  ['.cut [TIME]', 'cut the connection as a network does; for a time, or until .resume'],
  ['.resume', 'let the client reconnect, and resume its session'],
  ['.routes', 'list the routes, as far as the server or this session knows them'],
  ['.state', 'show the state of the connection'],
  ['.sleep TIME', 'wait'],
  ['.help', 'show this'],
  ['.exit', 'leave, as Ctrl-D does']
]

/** Returns lines of two columns: the commands, and what they do. */
export function formatLineHelp(): string[] {
  const width = Math.max(...lineHelp.map(([usage]) => usage.length))
  return lineHelp.map(([usage, does]) => `${usage.padEnd(width)}  ${does}`)
}

export const lineCommands: readonly string[] = lineHelp.slice(1).map(([usage]) => usage.split(' ')[0]!)

/** @throws `OPTION_INVALID`, which says what was expected */
export function readLine(text: string): Line {
  const [, first = '', rest = ''] = /^(\S*)\s*([\s\S]*)$/.exec(text.trim()) ?? []
  if (first === '' || first.startsWith('#')) return { kind: 'nothing' }
  if (!first.startsWith('.')) return { kind: 'request', route: first, body: readBody(rest) }
  const words = rest === '' ? [] : rest.split(/\s+/)
  switch (first) {
    case '.help':
    case '.routes':
    case '.state':
    case '.resume':
    case '.exit':
      return { kind: first.slice(1) as 'help' }
    case '.quit':
      return { kind: 'exit' }
    case '.notify': {
      const [, route = '', body = ''] = /^(\S*)\s*([\s\S]*)$/.exec(rest) ?? []
      if (route === '') throw errors.optionInvalid('Expected .notify ROUTE [JSON]')
      return { kind: 'notify', route, body: readBody(body) }
    }
    case '.cut':
      return { kind: 'cut', ms: readTime(words[0]) }
    case '.wait':
      if (words[0] === undefined) throw errors.optionInvalid('Expected .wait EVENT [TIME]')
      return { kind: 'wait', event: words[0], ms: readTime(words[1]) }
    case '.sleep':
      if (words[0] === undefined) throw errors.optionInvalid('Expected .sleep TIME, such as .sleep 2s')
      return { kind: 'sleep', ms: readTime(words[0])! }
    case '.events':
      if (words[0] !== 'on' && words[0] !== 'off')
        throw errors.optionInvalid('Expected .events on or .events off')
      return { kind: 'events', isOn: words[0] === 'on' }
  }
  throw errors.optionInvalid(`There is no command ${first}; ${suggest(first, lineCommands)}.help lists them`)
}

function readBody(text: string): unknown {
  return text === '' ? undefined : readJson(text, 'the body')
}

function readTime(text: string | undefined): number | undefined {
  return text === undefined ? undefined : readDuration(text, 'the time')
}

/** Returns the completions of a line, and the part of it that they complete, as readline wants them. */
export function completeLine(line: string, routes: readonly string[]): [string[], string] {
  const [, before = '', word = ''] = /^(\s*(?:\.notify\s+)?)(\S*)$/.exec(line) ?? [
    undefined,
    undefined,
    undefined
  ]
  if (word === '' && line.trim() !== '' && before === '') return [[], line]
  const names = word.startsWith('.') && before.trim() === '' ? lineCommands : routes
  // A name of the server that a terminal would obey is not shown.
  return [names.filter(name => name.startsWith(word) && printable(name) === name).sort(), word]
}
