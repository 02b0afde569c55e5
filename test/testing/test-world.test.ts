/** Handlers that are called as functions, with sessions that need no gateway. */
import t, { type Test } from 'tap'
import { z } from 'zod'
import { TestWorld } from '../../testing/index.js'
import type { BackendSession } from '../../workers/api/backend-session.js'
import type { HandlerContext } from '../../workers/api/context.js'
import { handler } from '../../workers/api/handler.js'
import { matchRows } from '../helpers/match-rows.js'

interface Settings {
  score: number
}

const add = handler(
  { body: z.object({ points: z.number() }) },
  ({ points }, session: BackendSession<Settings>) => {
    session.set('score', (session.get('score') ?? 0) + points)
    session.push('score')
    return { score: session.get('score') }
  }
)

function pretend(body: { points: number }, session: BackendSession<Settings>) {
  session.set('score', body.points)
  return session.get('score')
}

async function greet(_body: undefined, session: BackendSession, context: HandlerContext) {
  await session.abind('red')
  context.log.info('Hello')
  await context.channel('all').ajoin()
  context.channel('all').broadcast('said', { at: new Date(5), by: session.uid })
  context.send('blue', 'whispered')
}

function begin(t: Test): TestWorld {
  const world = new TestWorld()
  t.teardown(() => world.close())
  return world
}

t.test('what a handler pushes is there, and what it only sets is not', async t => {
  const red = begin(t).join({ uid: 'red', settings: { score: 4 } })
  t.same(await red.call(add, { points: 3 }), { score: 7 })
  t.same(red.settings, { score: 7 })
  t.equal(await red.call(pretend, { points: 100 }), 100)
  t.same(red.settings, { score: 7 })
  await t.rejects(red.call(add, { points: 'x' } as never), { code: 'BODY_INVALID' })
})

t.test('users, channels and events are those of all sessions of a world', async t => {
  const world = begin(t)
  const [red, blue] = [world.join(), world.join({ uid: 'blue' })]
  await red.call(greet, undefined)
  t.equal(red.uid, 'red')
  t.same(red.events, [{ event: 'said', body: { at: new Date(5), by: 'red' } }])
  t.same(blue.events, [{ event: 'whispered', body: undefined }])
  matchRows(t, world.lines, [{ level: 'info', message: 'Hello' }])
  blue.leave()
  t.equal(blue.isOpen, false)
  await red.call(greet, undefined)
  t.equal(red.events.length, 2)
  t.equal(blue.events.length, 1)
})
