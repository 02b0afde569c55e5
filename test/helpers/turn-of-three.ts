/** A core whose one worker has three requests of a player in one turn: for tests of what the worker says. */
import type { Test } from 'tap'
import { type Core, type CoreSession, type ScriptedWorker, settle, startCore } from './core.js'

/** Starts a core with one worker, which has three requests of a player in one turn. */
export async function startWithTurn(t: Test) {
  const core = await startCore({ workers: 1 })
  t.teardown(() => core.close())
  const [worker] = core.workers as [ScriptedWorker]
  worker.ready(100, 100)
  const player = core.connect()
  for (const id of [1, 2, 3]) core.request(player, id)
  await settle()
  const turn = worker.turns.shift()!
  t.equal(turn.requests.length, 3)
  return { core, worker, player, turn }
}

/** Runs what is left in the workers of now, and compares what the player was told, and the gauges. */
export async function endsWith(t: Test, core: Core, player: CoreSession, told: readonly string[]) {
  for (let round = 0; round < 3; round++) {
    await settle()
    for (const worker of core.workers) if (!worker.hasEnded) worker.runAll()
  }
  t.same(
    player.replies.map(({ id, error }) => `${id} ${error?.code ?? 'ok'}`),
    told
  )
  const { running, waiting } = core.requests
  t.same(
    { running, waiting, replies: core.metrics.read().replies },
    { running: 0, waiting: 0, replies: told.length }
  )
}
