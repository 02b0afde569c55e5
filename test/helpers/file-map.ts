/**
 * The map of the sources for ARCHITECTURE.md. It has a table for each folder, with the first sentence of each
 * file's header. `npm run map` writes it, and a test compares it.
 */
import { writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { format } from 'prettier'
import { root } from './paths.js'
import { listFiles, readText } from './sources.js'

const page = 'ARCHITECTURE.md'
const begin = '<!-- The map: written by `npm run map` from the first sentence of each file. -->\n'
const end = '<!-- The end of the map. -->'

/** Folders in the map, in its order. */
const folders = ['gateway', 'workers', 'shared', 'client', 'testing', 'tools']

/** Returns the first sentence of a file's header. */
export function firstSentence(text: string): string {
  const header = /^(?:#!.*\n)?\/\*\*([\s\S]*?)\*\//.exec(text)?.[1] ?? ''
  const prose = header
    .replace(/^\s*\* ?/gm, '')
    .replace(/\s+/g, ' ')
    .trim()
  const [sentence = ''] = /^.*?\.(?= |$)/.exec(prose) ?? [prose]
  return sentence.replace(/\.$/, '').replaceAll('|', '\\|')
}

function tableOf(room: string, files: readonly string[]): string {
  const rows = files.map(
    path => `| [\`${path.slice(room.length + 1)}\`](${path}) | ${firstSentence(readText(path))} |`
  )
  return `#### \`${room}/\`\n\n| file | |\n| --- | --- |\n${rows.join('\n')}\n`
}

/** Returns the map that the page must have, in the page's format. */
export async function formatMap(): Promise<string> {
  const rooms = new Map<string, string[]>()
  for (const path of folders
    .flatMap(folder => listFiles(folder))
    .filter(path => /\.c?ts$/.test(path))
    .sort()) {
    const room = dirname(path)
    rooms.set(room, [...(rooms.get(room) ?? []), path])
  }
  const sorted = [...rooms].sort(([a], [b]) => order(a) - order(b) || (a < b ? -1 : 1))
  const tables = sorted.map(([room, files]) => tableOf(room, files)).join('\n')
  return format(tables, { parser: 'markdown', printWidth: 110, proseWrap: 'always' })
}

function order(room: string): number {
  return folders.indexOf(room.split('/')[0]!)
}

/** Returns the map that the page has. */
export function readMap(): string {
  const [, rest = ''] = readText(page).split(begin)
  return rest.split(end)[0]!.trim()
}

if (process.argv[2] === '--write') {
  const text = readText(page)
  const [before, rest] = text.split(begin)
  if (rest === undefined) throw new Error(`${page} has no place for the map`)
  const after = rest.split(end)[1]!
  writeFileSync(join(root, page), `${before}${begin}\n${await formatMap()}\n${end}${after}`)
}
