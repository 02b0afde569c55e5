/** Holds how the project is written, as far as a program can tell: the width of prose, and some words. */
import t from 'tap'
import { listFiles, readText } from './helpers/sources.js'

const widest = 110

const code = listFiles().filter(path => /\.(ts|mjs)$/.test(path))
const pages = listFiles().filter(path => path.endsWith('.md'))

interface Line {
  readonly path: string
  readonly number: number
  readonly text: string
}

/** The lines of a file that are comments, or end in one. */
function commentLines(path: string, source: string): Line[] {
  let isInside = false
  return source.split('\n').flatMap((text, index) => {
    const opens = /^\s*\/\*/.test(text)
    const isComment = isInside || opens || /^\s*\/\//.test(text)
    if (opens || isInside) isInside = !text.includes('*/')
    return isComment ? [{ path, number: index + 1, text }] : []
  })
}

/** The lines of a page that are prose: no table, code or comment. The address of a link does not count. */
function proseLines(path: string, page: string): Line[] {
  let isCode = false
  const visible = page.replace(/<!--[\s\S]*?-->/g, comment => comment.replace(/[^\n]/g, ''))
  return visible.split('\n').flatMap((text, index) => {
    if (/^\s*(```|~~~)/.test(text)) isCode = !isCode
    const isProse = !isCode && !/^\s*(```|\||!?\[[^\]]*\]: |\[?!\[)/.test(text)
    return isProse ? [{ path, number: index + 1, text: text.replace(/\]\([^)]*\)/g, '](…)') }] : []
  })
}

function tooWide(lines: readonly Line[]): string[] {
  return lines
    .filter(({ text }) => [...text].length > widest)
    .map(({ path, number, text }) => `${path}:${number}: ${[...text].length}`)
}

t.test(`comments are at most ${widest} columns wide`, async t => {
  const lines = code.flatMap(path => commentLines(path, readText(path)))
  t.ok(lines.length > 3_000, `${lines.length} lines`)
  t.same(tooWide(lines), [])
})

t.test(`prose is at most ${widest} columns wide`, async t => {
  const lines = pages.flatMap(path => proseLines(path, readText(path)))
  t.ok(lines.length > 1_000, `${lines.length} lines`)
  t.same(tooWide(lines), [])
})

t.test('a comment begins with what a function does, and calls a player they', async t => {
  const lines = code.flatMap(path => commentLines(path, readText(path)))
  const prose = pages.flatMap(path => proseLines(path, readText(path)))
  const gives = lines.filter(({ text }) => /(^\s*(\/\*\*|\*)|\. ) ?Gives\b(?! up)/.test(text))
  const he = [...lines, ...prose].filter(({ text }) => /\b(he|him|his|she|her|hers)\b/i.test(text))
  t.same(
    [...gives, ...he].map(({ path, number, text }) => `${path}:${number}: ${text.trim()}`),
    []
  )
})

t.test('the reader of prose sees comments and paragraphs, and nothing else', async t => {
  const source = "/** a\n * b\n */\nconst c = '// d'\n  // e\n/* f */\nconst g = 1\n"
  t.same(
    commentLines('a.ts', source).map(({ number }) => number),
    [1, 2, 3, 5, 6]
  )
  const page = '# a\n\n```ts\nb\n```\n\n| c |\n\nd [e](f) g\n'
  t.same(
    proseLines('a.md', page).map(({ text }) => text),
    ['# a', '', '', '', 'd [e](…) g', '']
  )
  t.same(tooWide([{ path: 'a.ts', number: 1, text: 'é'.repeat(111) }]), ['a.ts:1: 111'])
})
