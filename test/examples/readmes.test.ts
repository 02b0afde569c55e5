/** The READMEs of the examples. */
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { root } from '../helpers/paths.js'
import { readText } from '../helpers/sources.js'

t.test(
  'each example has a README that names its files and folders, and each file of its handlers',
  async t => {
    for (const example of readdirSync(join(root, 'examples'))) {
      const folder = `examples/${example}`
      t.ok(existsSync(join(root, folder, 'README.md')), example)
      const readme = readText(`${folder}/README.md`).replaceAll('\\_', '_')
      const entries = [...readdirSync(join(root, folder)), ...readdirSync(join(root, folder, 'handlers'))]
      t.same(
        entries.filter(entry => entry !== 'README.md' && !readme.includes(entry)),
        [],
        example
      )
    }
  }
)
