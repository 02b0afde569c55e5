/** Tests a handler: first as a function, then through a gateway. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RoutesOf } from 'sallyport/client'
import { TestGateway, TestWorld } from 'sallyport/testing'
import type { Events } from '../events.js'
import * as score from '../handlers/score.js'

type Routes = RoutesOf<{ score: typeof score }>

test('points are added, and kept', async t => {
  const world = new TestWorld()
  t.after(() => world.close())
  const player = world.join({ settings: { score: 4 } })
  assert.deepEqual(await player.call(score.add, { points: 3 }), { score: 7 })
  assert.deepEqual(player.settings, { score: 7 })
  assert.deepEqual(player.events, [{ event: 'score.changed', body: { player: player.id, score: 7 } }])
  await assert.rejects(player.call(score.add, { points: 0 }), { code: 'POINTS_INVALID' })
})

test('a player whose connection is cut keeps their score, and receives missed events', async t => {
  const gateway = await TestGateway.start({ handlers: new URL('../handlers', import.meta.url), dev: true })
  t.after(() => gateway.close())
  const [red, blue] = [await gateway.connect<Routes, Events>(), await gateway.connect<Routes, Events>()]
  red.listen('score.changed')
  await red.request('score.add', { points: 3 })
  assert.equal((await red.next('score.changed')).score, 3)
  await red.cut()
  await blue.request('score.add', { points: 5 })
  assert.deepEqual(await red.comeBack(), { resumed: true })
  assert.equal((await red.next('score.changed')).score, 5)
  assert.deepEqual(await red.request('score.read'), { score: 3 })
})
