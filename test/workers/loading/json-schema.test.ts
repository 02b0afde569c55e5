/** The export of handlers' schemas as JSON Schema, by the way that their library offers. */
import t from 'tap'
import * as v from 'valibot'
import { z } from 'zod'
import { createSchemaExport } from '../../../workers/loading/json-schema.js'

const exportSchema = await createSchemaExport(process.cwd())
const read = (schema: unknown) => JSON.parse(exportSchema(schema) ?? 'null')

t.test('zod 4, with its defaults and what JSON Schema has no word for', async t => {
  t.match(read(z.object({ points: z.number().min(1), note: z.string().default('none') })), {
    type: 'object',
    properties: { points: { type: 'number', minimum: 1 }, note: { type: 'string', default: 'none' } },
    // A note may be left out: that is the form of what comes in.
    required: ['points']
  })
  t.match(read(z.object({ at: z.date(), name: z.string() })), {
    properties: { at: {}, name: { type: 'string' } }
  })
})

t.test('zod 4 without methods for it, by the function of the zod that the game has', async t => {
  const { def, _zod } = z.number() as unknown as Record<string, unknown>
  const old = { def, _zod, '~standard': { vendor: 'zod', version: 1 } }
  t.match(read(old), { type: 'number' })
  const without = await createSchemaExport('/nowhere')
  t.equal(without(old), undefined)
})

t.test('Standard JSON Schema, and the methods of other libraries', async t => {
  const targets: unknown[] = []
  const input = (options: { target: string }) => {
    targets.push(options.target)
    return { type: 'string' }
  }
  t.same(read({ '~standard': { vendor: 'x', jsonSchema: { input } } }), { type: 'string' })
  t.same(targets, ['draft-2020-12'])
  t.same(read({ toJSONSchema: () => ({ type: 'null' }) }), { type: 'null' })
  t.same(read(Object.assign(() => {}, { toJsonSchema: () => ({ type: 'array' }) })), { type: 'array' })
})

const throwing = () => {
  throw new Error('not expressible')
}

t.test('what throws in one way is exported in another', async t => {
  const schema = {
    '~standard': { jsonSchema: { input: throwing } },
    toJSONSchema: () => ({ type: 'object' })
  }
  t.same(read(schema), { type: 'object' })
})

t.test('what can not be exported is left out', async t => {
  const circle: Record<string, unknown> = {}
  circle['self'] = circle
  const huge = Object.fromEntries(Array.from({ length: 5_000 }, (_, i) => [`property${i}`, z.string()]))
  const cases: [what: string, schema: unknown][] = [
    ['valibot, which has no export', v.object({ name: v.string() })],
    ['none', null],
    ['no schema', 7],
    ['a throwing getter', Object.defineProperty({}, '~standard', { get: throwing })],
    ['no object', { toJSONSchema: () => 'string' }],
    ['a circle', { toJSONSchema: () => circle }],
    ['a BigInt', { toJSONSchema: () => ({ minimum: 1n }) }],
    ['nothing as JSON', { toJSONSchema: () => ({ toJSON: () => undefined }) }],
    ['a huge one', z.object(huge)]
  ]
  for (const [what, schema] of cases) t.equal(exportSchema(schema), undefined, what)
})
