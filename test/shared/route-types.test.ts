/** The types of clients: what must compile, and what must not. The compilation of this file is the test. */
import t from 'tap'
import { z } from 'zod'
// Both are the same type, for programs that import only one of the modules.
import type { Client, RoutesOf as RoutesOfClient } from '../../client/index.js'
import type { BackendSession, RoutesOf } from '../../workers/index.js'
import { handler } from '../../workers/index.js'
import type * as scoreModule from '../handlers/schema/score.js'

/** Whether two types are the same; `any` equals only itself. */
type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
function is<_Holds extends true>(): void {}

const score = {
  add: (body: { points: number }, _session: BackendSession) => ({ score: body.points }),
  read: () => 7,
  save: async (_body: { slot: number }) => {},
  best: async (_body: undefined, _session: BackendSession) => [{ name: 'Red', at: new Date() }],
  checked: handler({ body: z.object({ points: z.coerce.number<string>() }) }, ({ points }) => ({
    doubled: points * 2
  })),
  replied: handler({ reply: z.object({ ok: z.boolean() }) }, (_body: { x: 1 }) => ({ ok: true })),
  replacing: handler({ reply: z.object({ note: z.string().default('') }) }, (_body: { x: 1 }) => ({
    note: 'given'
  })),
  // biome-ignore lint/suspicious/noConfusingVoidType: as games write it
  perhaps: (body: { x: number }): void | { y: number } => (body.x > 0 ? { y: body.x } : undefined),
  optional: (body?: { x: number }) => body,
  _helper: (_body: string) => 1,
  limit: 10
}

class ChatHandler {
  readonly topic = 'games'
  readonly about?: string
  readonly field = (_body: { y: number }) => this.topic
  async send(_body: { text: string }, _session: BackendSession) {
    return { at: 1 }
  }
}

type Routes = RoutesOf<{
  score: typeof score
  'chat.chatHandler': { default: (app: unknown) => ChatHandler; limit: number }
  'chat.other': { default: typeof ChatHandler }
  'chat.later': { default: () => Promise<ChatHandler>; ChatHandler: typeof ChatHandler }
  plain: { default: { ping: () => 'pong' } }
  promised: { default: Promise<{ pong: () => 'ping' }> }
  // `module.exports = class …` and `module.exports = app => …`
  old: typeof ChatHandler
  older: (app: unknown) => ChatHandler
}>

/** The routes of a real module. */
type Loaded = RoutesOf<{ score: typeof scoreModule }>

is<
  Equal<
    keyof Routes,
    | 'score.add'
    | 'score.read'
    | 'score.save'
    | 'score.best'
    | 'score.checked'
    | 'score.replied'
    | 'score.replacing'
    | 'score.perhaps'
    | 'score.optional'
    | 'chat.chatHandler.send'
    | 'chat.chatHandler.field'
    | 'chat.other.send'
    | 'chat.other.field'
    | 'chat.later.send'
    | 'chat.later.field'
    | 'plain.ping'
    | 'promised.pong'
    | 'old.send'
    | 'old.field'
    | 'older.send'
    | 'older.field'
  >
>()
is<Equal<Routes['score.add'], { readonly body: { points: number }; readonly reply: { score: number } }>>()
is<Equal<Routes['score.read'], { readonly body: undefined; readonly reply: number }>>()
is<Equal<Routes['score.save']['reply'], undefined>>()
is<Equal<Routes['score.best']['reply'], { name: string; at: Date }[]>>()
is<
  Equal<Routes['score.checked'], { readonly body: { points: string }; readonly reply: { doubled: number } }>
>()
is<Equal<Routes['score.replied'], { readonly body: { x: 1 }; readonly reply: { ok: boolean } }>>()
is<
  Equal<Routes['chat.chatHandler.send'], { readonly body: { text: string }; readonly reply: { at: number } }>
>()
is<Equal<Routes['chat.later.field'], { readonly body: { y: number }; readonly reply: string }>>()
is<Equal<Routes['plain.ping']['reply'], 'pong'>>()
is<Equal<Routes['promised.pong']['reply'], 'ping'>>()
is<Equal<Routes['older.send']['body'], { text: string }>>()
is<Equal<Routes['score.replacing']['reply'], { note: string }>>()
is<Equal<Routes['score.perhaps']['reply'], { y: number } | undefined>>()
is<Equal<Routes['score.optional']['body'], { x: number } | undefined>>()
is<Equal<keyof Loaded, `score.${'add' | 'called' | 'rename' | 'late' | 'broken'}`>>()
is<Equal<Loaded['score.add']['body'], { points: unknown; note?: string | undefined }>>()
is<Equal<Loaded['score.rename'], { readonly body: { name: string }; readonly reply: { name: string } }>>()
is<Equal<RoutesOf<{ score: typeof score }>, RoutesOfClient<{ score: typeof score }>>>()

/** Never called: what a handler with a schema of its reply may return. */
export function declared(): void {
  // A reply is checked and sent as it is: what the schema would make of it never arrives.
  // @ts-expect-error so a schema that makes something else of a value is none for a reply
  handler({ reply: z.object({ n: z.string().transform(Number) }) }, () => ({ n: '3' }))
  // @ts-expect-error a default of the schema is not filled in: the client is told that there is a note
  handler({ reply: z.object({ note: z.string().default('') }) }, () => ({}))
  // A literal in the schema must be one in the code, since TypeScript widens it to a string before it
  // compares.
  handler({ reply: z.object({ kind: z.literal('a'), to: z.enum(['x', 'y']) }) }, () => ({
    kind: 'a' as const,
    to: 'x' as const
  }))
  handler(
    { reply: z.union([z.object({ kind: z.literal('a') }), z.object({ kind: z.literal('b') })]) },
    async body => ({ kind: body === 1 ? ('a' as const) : ('b' as const) })
  )
  // @ts-expect-error a reply of another type
  handler({ reply: z.object({ ok: z.boolean() }) }, () => ({ ok: 1 }))
  // @ts-expect-error the handler gets what the schema makes of a body
  handler({ body: z.object({ points: z.string().transform(Number) }) }, ({ points }) => points.length)
  // @ts-expect-error there is no such option
  handler({ body: z.string(), timout: 5 }, () => 1)
}

interface Events {
  'chat.said': { from: string; text: string }
}

/** Never called: it is compiled. */
export async function compiled(game: Client<Routes, Events>, anybody: Client): Promise<void> {
  const { score: points } = await game.request('score.add', { points: 3 })
  points.toFixed()
  await game.request('score.read')
  await game.request('score.read', undefined, { timeout: 5 })
  await game.request('score.checked', { points: '3' })
  game.notify('chat.other.send', { text: 'hi' })
  game.on('chat.said', ({ from, text }) => from + text)
  // @ts-expect-error an argument of another type
  await game.request('score.add', { points: '3' })
  // @ts-expect-error an argument by another name
  await game.request('score.add', { point: 3 })
  // @ts-expect-error no argument where one is needed
  await game.request('score.add')
  // @ts-expect-error there is no such route
  await game.request('score.ad', { points: 3 })
  // @ts-expect-error what begins with _ is no route
  await game.request('score._helper', '')
  // @ts-expect-error an answer that is not what the handler gives
  const { best } = await game.request('score.add', { points: 3 })
  // @ts-expect-error the schema's input is a text
  await game.request('score.checked', { points: 3 })
  // @ts-expect-error a notify is typed as a request is
  game.notify('chat.other.send', { txt: 'hi' })
  // @ts-expect-error there is no such event
  game.on('chat.sad', () => {})
  // @ts-expect-error an event has what it was declared with
  game.on('chat.said', ({ body }) => body)
  // Without types anything goes, and nothing is known of what comes.
  const something = await anybody.request('any.route', { any: 'thing' })
  await anybody.request('any.route')
  // @ts-expect-error nobody knows what it is
  something.score
  void best
}

t.test('the types of routes and clients hold, as this file has been compiled', async t => {
  t.type(compiled, 'function')
  t.type(declared, 'function')
})
