import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import t from 'tap'
import type { KeptMemory } from '../../helpers/kept-memory.js'

const program = fileURLToPath(new URL('../../helpers/kept-memory.js', import.meta.url))

t.test('what is kept for clients takes no more memory than 1.5 × what is counted, however small', async t => {
  const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', program])
  const found: KeptMemory = JSON.parse(stdout)
  t.ok(Object.keys(found).length > 0)
  for (const [name, { counted, taken }] of Object.entries(found)) {
    t.comment(`${name}: ${counted} bytes are counted, ${taken} taken, ${(taken / counted).toFixed(2)} ×`)
    t.ok(taken <= 1.5 * counted, `${name}: ${(taken / counted).toFixed(2)} ×`)
    t.ok(taken >= counted / 3, `${name}: it is not counted for far more than it is`)
  }
})
