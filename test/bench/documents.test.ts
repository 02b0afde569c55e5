/** Compares the documents with the bench: its cases, its options and its rooms. */
import t from 'tap'
import { usage } from '../../bench/arguments.js'
import { cases } from '../../bench/cases/cases.js'
import { formatJson } from '../../bench/report/report.js'
import { rowsOf } from '../../bench/rounds/row.js'
import { listFiles, readSources, readText } from '../helpers/sources.js'

const performance = readText('docs/performance.md')

t.test('performance.md has each case in its table, by its name or that of its family', async t => {
  const [, section] = /^## What is measured\n([\s\S]*?)^## /m.exec(performance)!
  const named = [...section!.matchAll(/^\| `([a-z][\w-]+)` +\|/gm)].map(([, name]) => name!)
  const isNamed = (name: string) =>
    named.some(each => new RegExp(`^${each.replace(/A|B|N/g, '\\d+')}$`).test(name))
  t.same(
    cases.map(({ name }) => name).filter(name => !isNamed(name)),
    []
  )
  t.equal(isNamed('push-nothing'), false)
})

t.test('performance.md has each option of the command, and no other', async t => {
  const [, options] = /^## How to measure\n([\s\S]*?)^## /m.exec(performance)!
  const names = (text: string) => [...new Set([...text.matchAll(/--[a-z]+/g)].map(([name]) => name))].sort()
  t.same(
    names(
      options!
        .split('\n')
        .filter(line => line.startsWith('| `--'))
        .join('\n')
    ),
    names(usage)
  )
})

t.test('performance.md has each key of a row in JSON', async t => {
  const [measured] = cases
  const series = [{ value: 1 }]
  const [row] = rowsOf(measured!, { ours: series, floors: [series] })
  for (const key of Object.keys(JSON.parse(formatJson(row!)))) t.ok(performance.includes(`\`${key}\``), key)
})

/** Reads the rooms and files of the bench, line by line, from the table in ARCHITECTURE.md. */
function readRooms(): string[][] {
  const [, section] = /^## The bench\n([\s\S]*?)^## /m.exec(readText('ARCHITECTURE.md'))!
  const firstCells = [...section!.matchAll(/^\| (`[^|]*?) *\|/gm)].map(([, cell]) => cell!)
  return firstCells.map(cell => [...cell.matchAll(/`([\w./-]+)`/g)].map(([, name]) => name!))
}

/** Returns the room of a file in `bench/`: the folder's name, or for a file of the root its own name. */
function roomOf(path: string): string {
  return path.slice('bench/'.length).replace(/\/.*/, '/')
}

t.test('ARCHITECTURE.md has each room of the bench, and each file of its root', async t => {
  const places = new Set(listFiles('bench').map(roomOf))
  t.same(readRooms().flat().sort(), [...places].sort())
})

t.test('a file of the bench imports only its own room and those above it in that table', async t => {
  const rooms = readRooms()
  const lineOf = (path: string) => rooms.findIndex(names => names.includes(roomOf(path)))
  const isWrong = (path: string, from: string) =>
    from.startsWith('bench/') && roomOf(from) !== roomOf(path) && lineOf(from) > lineOf(path)
  t.same(
    readSources(['bench']).flatMap(({ path, imports }) =>
      imports.filter(({ from }) => isWrong(path, from)).map(({ from }) => `${path} imports ${from}`)
    ),
    []
  )
})
