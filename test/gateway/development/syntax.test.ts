/** The place of a syntax error, which Node does not tell. */
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import t from 'tap'
import { findSyntaxError } from '../../../gateway/development/syntax.js'

t.test('it is found for every message, one with a parenthesis too', async t => {
  const texts: Readonly<Record<string, string>> = {
    'brace.mjs': 'export const a = 1\nclass A {\n (}\n',
    'parenthesis.mjs': 'for (const of [1]) {}\nawait ((\n(\n',
    'list.mjs': 'export function a() {\n  return foo(1\n}\n',
    'method.mjs': 'class A {\n  a = 1\n  b c(\n}\n'
  }
  const folder = t.testdir(texts)
  const messages: string[] = []
  for (const name of Object.keys(texts)) {
    const file = join(folder, name)
    const message = await import(pathToFileURL(file).href).then(() => '', String)
    messages.push(message)
    const place = await findSyntaxError(`${file} does not load: ${message}`, [file])
    t.match(place, new RegExp(`${name}:\\d+$`), message)
  }
  t.ok(
    messages.some(message => message.includes('(')),
    messages.join()
  )
})

t.test(
  'a message that names its place, and one that is none of the syntax, are left as they are',
  async t => {
    const file = join(t.testdir({ 'a.mjs': 'x = }' }), 'a.mjs')
    const rows = ["SyntaxError: Unexpected token '}' (/game/a.mjs:1)", 'TypeError: x (y)']
    for (const message of rows) t.equal(await findSyntaxError(message, [file]), undefined, message)
  }
)
