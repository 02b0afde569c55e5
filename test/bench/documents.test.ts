/** Holds the documents to the bench: its cases, its options and its files. */
import t from 'tap'
import { usage } from '../../bench/arguments.js'
import { cases } from '../../bench/cases.js'
import { formatJson } from '../../bench/report.js'
import { rowsOf } from '../../bench/row.js'
import { listFiles, readText } from '../helpers/sources.js'

const performance = readText('docs/performance.md')

t.test('performance.md has each case in its table, by its name or that of its family', async t => {
  const named = [...performance.matchAll(/^\| `([a-z][\w-]+)` \|/gm)].map(([, name]) => name!)
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

t.test('ARCHITECTURE.md has each file of the bench, or its folder', async t => {
  const architecture = readText('ARCHITECTURE.md')
  const [, map] = /^## The bench\n([\s\S]*?)^## /m.exec(architecture)!
  const named = new Set([...map!.matchAll(/`([\w./-]+)`/g)].map(([, name]) => name!))
  const files = listFiles('bench').map(path => path.slice('bench/'.length))
  const places = new Set(files.map(file => file.replace(/\/.*/, '/')))
  t.same(
    [...places].filter(place => !named.has(place)),
    []
  )
})
