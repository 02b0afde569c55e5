/** Compares peers.md with the comparison: its cases, its options, its contenders, its versions. */
import t from 'tap'
import { usage } from '../../../bench/peers/arguments.js'
import { cases } from '../../../bench/peers/cases.js'
import { contenders } from '../../../bench/peers/contenders.js'
import { readText } from '../../helpers/sources.js'

const page = readText('docs/peers.md')

/** Returns the code at the start of each row of a table. */
const firstCells = [...page.matchAll(/^\| `([^`]+)` +\|/gm)].map(([, cell]) => cell!)

t.test('peers.md has each case, and no other', async t => {
  t.same(
    firstCells.filter(cell => !cell.startsWith('--')),
    cases.map(({ name }) => name)
  )
})

t.test('peers.md has each option of the command, and no other', async t => {
  const optionsOf = (text: string) =>
    [...text.matchAll(/--\w+(?: [A-Z]+)?/g)].map(([option]) => option).sort()
  t.same(firstCells.filter(cell => cell.startsWith('--')).sort(), optionsOf(usage))
})

t.test(
  'peers.md says how each peer is configured, by its name and the version that is installed',
  async t => {
    const { dependencies } = JSON.parse(readText('bench/peers/package.json'))
    for (const { name, packages } of contenders.filter(({ role }) => role === 'peer')) {
      const [, version] = new RegExp(`^\\*\\*${name} ([\\d.]+)\\.\\*\\*`, 'm').exec(page) ?? []
      t.ok(version !== undefined && dependencies[packages[0]!].startsWith(version), `${name} ${version}`)
    }
  }
)
