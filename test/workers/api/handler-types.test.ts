/** Tests the types of `handler`, by compiling handlers, and what the compiler says of wrong ones. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { compile } from '../../helpers/compile.js'
import { root } from '../../helpers/paths.js'

const imports = `import { type BackendSession, type HandlerOptions, handler } from 'sallyport/worker'
import { z } from 'zod'
import * as v from 'valibot'
const points = z.object({ points: z.number() })
const score = z.object({ score: z.number() })
`

const right = `
import type { RoutesOf } from 'sallyport/client'

const game = {
  both: handler({ body: points, reply: score }, async ({ points }) => ({ score: points })),
  input: handler({ body: z.object({ at: z.string().transform(Number) }) }, ({ at }) => at + 1),
  valibot: handler({ body: v.object({ name: v.string() }) }, ({ name }, session, { worker }) =>
    name.length + session.id + worker.index),
  reply: handler({ reply: score }, (body: { score: number }) => body),
  options: handler({ timeout: 5 }, (body: { name: string }, session: BackendSession<{ hp: number }>) =>
    session.get('hp') ?? body.name),
  free: handler({ concurrent: true }, (_body, session) => session.id),
  none: handler({}, () => {}),
  // The compiler forgets that a literal is one before it knows the schema, as in any generic function.
  literal: handler({ body: points, reply: z.object({ kind: z.enum(['a', 'b']) }) }, async ({ points }) => {
    if (points > 3) return { kind: 'a' as const }
    return { kind: 'b' as const }
  }),
  list: handler({ reply: z.array(score) }, () => []),
  extra: handler({ reply: score }, () => ({ score: 1, more: 2 })),
  same: handler({ reply: z.union([z.string(), z.number()]) }, (body: { n: boolean }) => body.n ? 1 : 'one'),
  either: handler({}, (body: { n: number }) => body.n > 0 ? body.n : String(body.n)),
  any: handler({ reply: score }, (_body, session) => session.get('any')),
  written: handler({
    body: { '~standard': { version: 1, vendor: 'own', validate: body => ({ value: String(body) }) } }
  }, () => 1)
}
type Routes = RoutesOf<{ game: typeof game }>
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
type Check<Name extends keyof Routes, Body, Reply> =
  [Same<Routes[Name]['body'], Body>, Same<Routes[Name]['reply'], Reply>]
export const checks: [
  Check<'game.both', { points: number }, { score: number }>,
  Check<'game.input', { at: string }, number>,
  Check<'game.valibot', { name: string }, number>,
  Check<'game.reply', { score: number }, { score: number }>,
  Check<'game.options', { name: string }, string | number>,
  Check<'game.literal', { points: number }, { kind: 'a' | 'b' }>,
  Same<Routes['game.extra']['reply'], { score: number }>,
  Same<Routes['game.same']['reply'], string | number>,
  Same<Routes['game.either']['reply'], string | number>,
  Same<Routes['game.none']['reply'], undefined>,
  Same<Routes['game.free']['reply'], number>
] = [[true, true], [true, true], [true, true], [true, true], [true, true], [true, true], true, true, true, true, true]

export function declare<Of extends z.ZodType>(schema: Of, options: Omit<HandlerOptions, 'body' | 'reply'>) {
  return handler({ ...options, body: schema }, body => body)
}
`

/** Wrong handlers, each with the line that the compiler must say of it. */
const wrong: readonly (readonly [code: string, says: RegExp])[] = [
  [
    'handler({ body: points, reply: score }, ({ points }) => ({ score: String(points) }))',
    /^Type 'string' is not assignable to type 'number'\.$/
  ],
  [
    'handler({ body: points }, (body: { points: string }) => body)',
    /^Type 'number' is not assignable to type 'string'\.$/
  ],
  [
    'handler({ reply: score }, () => ({ scores: 1 }))',
    /^Type '{ scores: number; }' is not assignable to type/
  ],
  ['handler({ body: points }, ({ point }) => point)', /^Property 'point' does not exist on type/],
  [
    'handler({ body: points, reply: z.string().transform(Number) }, () => 5)',
    /type '"A reply is sent unchanged: its schema must not transform it"'\.$/
  ],
  ['handler({ concurent: true }, () => 5)', /Did you mean to write 'concurrent'\?$/],
  ['handler({ concurrent: true }, body => body.name)', /^'body' is of type 'unknown'\.$/],
  ['handler({}, ({ name }) => name)', /^Type 'unknown' is not assignable to type '{ name: any; }'\.$/],
  ['handler({ body: points, timeot: 5 }, () => 5)', /Did you mean to write 'timeout'\?$/],
  ['handler({ body: 5 }, () => 5)', /^Type 'number' is not assignable to type/],
  ['handler({ body: points })', /^Expected 2 arguments, but got 1\.$/]
]

// Below the project's folder, so that `sallyport` is the package itself.
const folder = join(root, 'dist/documents/handler-types')
mkdirSync(folder, { recursive: true })
t.teardown(() => rmSync(folder, { recursive: true, force: true }))

/** Compiles a module and returns the last lines of the compiler's messages, which say what is wrong. */
function lastLines(name: string, code: string): string[] {
  const file = join(folder, name)
  writeFileSync(file, imports + code)
  return compile(file).map(lines => lines.at(-1)!.trim())
}

t.test('the body and the reply of a handler are those of its schemas, or its own', async t => {
  t.same(lastLines('right.ts', right), [])
})

t.test(
  'a handler without a type for its body takes any body, also where a game declares its settings',
  async t => {
    const declared = `
import { connect, type RoutesOf } from 'sallyport/client'
declare module 'sallyport/worker' { interface SessionSettings { score: number } }
const m = {
  find: handler({ concurrent: true }, async () => 5),
  echo: handler({ timeout: 5 }, async (body, session) => [body, session.get('score')] as const),
  scored: handler({ reply: score }, async body => ({ score: Number(body) }))
}
export async function play() {
  const game = await connect<RoutesOf<{ m: typeof m }>>('')
  const found: number = await game.request('m.find')
  const [, score]: readonly [unknown, number | undefined] = await game.request('m.echo', { name: 'red' })
  return [found, score, await game.request('m.scored', 3)]
}
`
    t.same(lastLines('declared.ts', declared), [])
  }
)

t.test('the compiler says what is wrong with a handler, and nothing of other forms of it', async t => {
  const found = lastLines('wrong.ts', wrong.map(([code]) => code).join('\n'))
  t.equal(found.length, wrong.length)
  for (const [index, [code, says]] of wrong.entries()) t.match(found[index], says, code)
})
