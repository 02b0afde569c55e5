/** A gateway that is drained for a restart, under load. */

import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createConnection } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { type Client, connect } from '../../../client/node.js'
import { startGateway } from '../../helpers/gateway.js'
import { matchRows } from '../../helpers/match-rows.js'
import { fixture } from '../../helpers/paths.js'
import { failureOf } from '../../helpers/player.js'
import { PomeloPlayer } from '../../helpers/pomelo-player.js'
import { frame, opcodes, RawClient } from '../../helpers/raw-client.js'
import { until } from '../../helpers/until.js'

const handlers = fixture('handlers-resume')

t.test('no request that was accepted goes unanswered, and clients find the next gateway', async t => {
  const options = { workers: 2, drainSpread: 200 }
  const { gateway } = await startGateway(t, handlers, options)
  const clients = await Promise.all(
    Array.from({ length: 40 }, () => connect(gateway.url, { backOff: { least: 1, most: 20 } }))
  )
  t.teardown(() => {
    for (const client of clients) client.close()
  })
  const outcomes: Record<string, number> = {}
  const count = (what: string) => (outcomes[what] = (outcomes[what] ?? 0) + 1)
  let isOver = false
  const play = async (client: Client) => {
    while (!isOver) {
      await client.request('player.add', { n: 1 }).then(
        () => count('answered'),
        error => count(error.code)
      )
      if (client.state !== 'open') return
    }
  }
  const playing = clients.map(play)
  await until('they play', () => (outcomes['answered'] ?? 0) > 200)
  t.equal(gateway.isReady, true)
  const { port } = gateway.address
  const codes: (number | undefined)[] = []
  for (const client of clients) client.onState(({ state, code }) => state === 'resuming' && codes.push(code))
  const drained = gateway.drain()
  t.equal(gateway.isReady, false)
  const [refusal] = await once(createConnection(port, '127.0.0.1'), 'error')
  t.match(refusal, { code: 'ECONNREFUSED' })
  await drained
  const { requests, replies, sessions } = gateway.metrics()
  t.equal(requests, replies, 'each request that came has its reply')
  t.equal(sessions, 0)
  await until('all have been sent away', () => codes.length === 40)
  t.same(new Set(codes), new Set([1012]))
  isOver = true
  const next = await startGateway(t, handlers, { ...options, port })
  await until('all are there', () => next.gateway.metrics().connections === 40)
  await Promise.all(playing)
  // A request that was in flight when the session ended gets SESSION_LOST; one that was not sent is
  // retryable.
  t.same(
    Object.keys(outcomes).filter(code => !['answered', 'CLOSING', 'SESSION_LOST'].includes(code)),
    []
  )
  t.comment(JSON.stringify({ requests, ...outcomes }))
})

t.test('what runs is waited for, and a Pomelo client is told by a kick', async t => {
  const folder = t.testdir({
    'a.js': `import { existsSync } from 'node:fs'
      export const hold = async (file, session, context) => {
        context.send(session, 'holding')
        while (!existsSync(file)) await new Promise(resolve => setTimeout(resolve, 1))
        return 'held'
      }`
  })
  const file = join(folder, 'go')
  const { gateway } = await startGateway(t, folder, { workers: 1, drainSpread: 20 })
  const player = await PomeloPlayer.join(gateway.url)
  const other = await PomeloPlayer.join(gateway.url)
  const held = player.request('a.hold', file)
  await player.until(() => player.events.find(([route]) => route === 'holding'))
  const drained = gateway.drain()
  t.match((await other.request('a.hold', file)).body, { error: 'CLOSING' }, 'the drain has begun')
  t.same(player.replies, [])
  writeFileSync(file, '')
  t.match(await held, { body: 'held', isError: false })
  await drained
  matchRows(t, player.kicks, [{ reason: /^restart, come back in \d+ ms$/ }])
  t.match(await player.closed, { code: 1012 })
})

for (const isolation of ['thread', 'process'] as const) {
  for (const end of ['close', 'drain'] as const) {
    t.test(`what does not end in time is answered all the same (${end}, ${isolation})`, async t => {
      const times = { drainTimeout: 30, drainSpread: 20, closeTimeout: 30 }
      const { gateway, lines, connect } = await startGateway(t, handlers, { workers: 1, isolation, ...times })
      const [player, pomelo] = [await connect(), await PomeloPlayer.join(gateway.url)]
      const asked = [player.request('player.hold', { key: 'never' }), player.request('player.add', { n: 1 })]
      pomelo.request('player.hold', { key: 'never either' }).catch(() => {})
      player.notify('player.add', { n: 2 })
      await until('both hold', () => player.events.length + pomelo.events.length === 4)
      await gateway[end]()
      const failures = await Promise.all(asked.map(failureOf))
      matchRows(t, failures, [
        { code: 'WORKER_LOST', message: '"player.hold" was not answered: the gateway closes' },
        { code: 'CLOSING' }
      ])
      t.match(await player.closed, { code: 1012 })
      await pomelo.closed
      matchRows(t, pomelo.replies, [{ id: 1, body: { error: 'WORKER_LOST' } }])
      t.same(player.strays, [], 'once, and a notify is answered by nothing')
      t.match(gateway.metrics(), { requests: 3, replies: 3 })
      matchRows(
        t,
        lines.filter(({ message }) => message.startsWith('Requests')),
        [{ level: 'warn', message: 'Requests have not ended in time', fields: { requests: 4 } }]
      )
    })
  }
}

t.test('a client that reads slowly, and says something meanwhile, gets all of it and the close', async t => {
  const { gateway } = await startGateway(t, handlers, { drainSpread: 0, resumeWindow: 0 })
  const { socket } = await RawClient.open(t, gateway)
  await until('it is in', () => gateway.metrics().sessions === 1)
  // More than the system keeps for both sides.
  const sent = 15_000_000
  socket.removeAllListeners('data').pause()
  gateway.broadcast('fill', 'x'.repeat(sent))
  let [received, isOver] = [0, false]
  socket.on('close', () => (isOver = true))
  // A part at a time, each behind a ping.
  const pace = setInterval(() => {
    received += socket.read()?.length ?? 0
    if (received > sent) socket.write(frame(opcodes.close, [0x03, 0xf4]))
    else socket.write(frame(opcodes.ping))
  }, 5)
  await gateway.drain()
  await until('it is over', () => isOver)
  clearInterval(pace)
  t.ok(received > sent, `${received} bytes came`)
})
