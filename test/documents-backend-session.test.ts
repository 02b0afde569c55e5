/** Holds the table of docs/reference/backend-session.md and the tests of its rows together, word for word. */
import t from 'tap'
import { listFiles, readText } from './helpers/sources.js'

/** A comment that marks a test as a row's, and the test: `// row 11a`, and then `t.test('…'`. */
const rowTest = /^\/\/ row (\S+)\nt\.test\(\s*'([^']+)'/gm

function readRows(): Map<string, string> {
  const page = readText('docs/reference/backend-session.md')
  const rows = new Map<string, string>()
  for (const [, number, sentence] of page.matchAll(/^\| (\d+a?) +\| [SP+] +\| (.+?) +\|$/gm)) {
    rows.set(number!, sentence!)
  }
  return rows
}

/** The sources of all tests that may be those of rows. */
function readSources(): { file: string; source: string }[] {
  return ['test/scenarios', 'test/workers', 'test/gateway']
    .flatMap(folder => listFiles(folder))
    .filter(file => file.endsWith('.test.ts'))
    .map(file => ({ file: file.slice('test/'.length), source: readText(file) }))
}

const rows = readRows()
const sources = readSources()
const tests = sources.flatMap(({ file, source }) =>
  [...source.matchAll(rowTest)].map(([, number, name]) => ({ number: number!, name: name!, file }))
)

t.test('the page has all rows, from 1 to 28 and 11a', async t => {
  const numbers = Array.from({ length: 28 }, (_, i) => String(i + 1))
  numbers.splice(11, 0, '11a')
  t.same([...rows.keys()], numbers)
})

t.test('each row has a test that is named by its sentence', async t => {
  for (const [number, sentence] of rows) {
    t.ok(
      tests.some(test => test.number === number && test.name === sentence),
      `row ${number}: ${sentence}`
    )
  }
})

t.test('each test of a row is named by the sentence of that row', async t => {
  for (const { file, source } of sources) {
    const marks = source.match(/^\/\/ row /gm) ?? []
    t.equal(marks.length, source.match(rowTest)?.length ?? 0, `each mark in ${file} stands before a test`)
  }
  for (const { number, name, file } of tests) t.equal(name, rows.get(number), `row ${number} in ${file}`)
})
