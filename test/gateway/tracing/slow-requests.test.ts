/** Slow requests: which of them are told, and with which times. */
import t, { type Test } from 'tap'
import { SlowRequests } from '../../../gateway/tracing/slow-requests.js'
import { createLogger, type LogFields } from '../../../shared/text/log.js'
import { type ScriptedWorker, startCore, tick } from '../../helpers/core.js'
import { matchRows } from '../../helpers/match-rows.js'

async function start(t: Test) {
  const lines: { message: string; fields: LogFields | undefined }[] = []
  const log = createLogger('debug', (_level, message, fields) => lines.push({ message, fields }))
  const core = await startCore({ workers: 1, requestWatchers: [new SlowRequests(100, log)], log })
  t.teardown(() => core.close())
  return { core, lines, worker: core.workers[0] as ScriptedWorker }
}

t.test('a request that took long is told with the times that it waited and ran', async t => {
  const { core, lines, worker } = await start(t)
  const player = core.connect()
  core.registry.bind(player.session, 'ann')
  core.request(player, 1)
  core.clock += 30.04
  await tick()
  core.clock += 99.96
  worker.runAll()
  const { sid } = player.session
  matchRows(t, lines, [
    {
      message: 'A request was slow',
      fields: {
        route: 'a',
        requestId: Number,
        sid,
        uid: 'ann',
        ms: 130,
        queueMs: 30,
        runMs: 100,
        outcome: 'reply'
      }
    }
  ])
})

t.test('a request waits for the one before it, even in the same turn', async t => {
  const { core, lines, worker } = await start(t)
  const player = core.connect()
  for (const id of [1, 2, 3]) core.request(player, id)
  await tick()
  const turn = worker.turns[0]!
  t.equal(turn.requests.length, 3)
  for (const ms of [50, 70, 20]) {
    const { rid, body } = worker.claimNext(turn)!
    core.clock += ms
    worker.outbox.reply(rid, body)
    worker.flush()
  }
  matchRows(t, lines, [
    { fields: { ms: 120, queueMs: 50, runMs: 70 } },
    { fields: { ms: 140, queueMs: 120, runMs: 20 } }
  ])
})

t.test('a request that was answered by its deadline is slow too, and is named in its error', async t => {
  const { core, lines } = await start(t)
  const player = core.connect()
  core.request(player, 1)
  core.clock += 10_000
  await tick()
  const [slow, failed] = lines
  t.match(slow, { message: 'A request was slow', fields: { queueMs: 10_000, runMs: 0, outcome: 'TIMEOUT' } })
  t.match(failed, {
    message: 'A request failed',
    fields: { code: 'TIMEOUT', route: 'a', sid: player.session.sid }
  })
  t.same(player.replies[0]!.error!.data, { requestId: failed!.fields!['requestId'] })
})
