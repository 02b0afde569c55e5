import fc from 'fast-check'
import t from 'tap'
import { isDeeper } from '../../../shared/wire/depth.js'

const nest = (depth: number) => '['.repeat(depth) + ']'.repeat(depth)

/** The same, of the value. */
function depthOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0
  return 1 + Math.max(0, ...Object.values(value).map(depthOf))
}

t.test('a text is as deep as its value', async () => {
  fc.assert(
    fc.property(
      fc.jsonValue({ maxDepth: 6, stringUnit: 'binary' }),
      fc.constantFrom(0, 2),
      (value, spaces) => {
        const text = JSON.stringify(value, null, spaces)
        const depth = depthOf(JSON.parse(text))
        return !isDeeper(text, depth) && (depth === 0 || isDeeper(text, depth - 1))
      }
    ),
    { numRuns: 2_000 }
  )
})

t.test('brackets in strings do not count, whatever is escaped in them', async t => {
  for (const string of ['[[[', '"[[[', '\\', '\\"[[[', '[{"\\\\']) {
    const text = JSON.stringify({ [string]: [string, { a: string }] })
    t.notOk(isDeeper(text, 3), text)
    t.ok(isDeeper(text, 2), text)
  }
})

t.test('what is no JSON ends too', async t => {
  for (const text of ['"'.repeat(1_000), '\\'.repeat(1_000), `"${'\\'.repeat(1_001)}"`, ']'.repeat(1_000)])
    t.notOk(isDeeper(text, 3))
  t.ok(isDeeper(nest(32_000), 1_000))
  t.notOk(isDeeper(nest(1_000), 1_000))
})
