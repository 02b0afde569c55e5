/** Kicks of users whose sessions no gateway has, as the store keeps them. */
import { EventEmitter } from 'node:events'
import t from 'tap'
import { LocalNetwork } from '../../../../gateway/cluster/bus/local-network.js'
import { logsOf } from '../../../../gateway/cluster/bus/subjects.js'
import { ParkedLog } from '../../../../gateway/cluster/parking/entries/parked-log.js'
import { Kicks } from '../../../../gateway/cluster/parking/kicks.js'
import type { RegistryEvents } from '../../../../gateway/sessions/registry-events.js'
import type { Session } from '../../../../gateway/sessions/session.js'

async function open() {
  const network = new LocalNetwork()
  const bus = network.join('a')
  const log = new ParkedLog(bus, 'c')
  await log.open()
  /** What waits for its time, and the milliseconds of that. */
  const waiting: { readonly ms: number; readonly run: () => void }[] = []
  const kicked: unknown[] = []
  const sessions = new Set<number>()
  const events = new EventEmitter<RegistryEvents>()
  const kicks = new Kicks({
    log,
    registry: {
      find: sid => (sessions.has(sid) ? ({ sid } as Session) : undefined),
      kick: ({ sid }, reason) => void kicked.push([sid, reason]),
      on: (name, listener) => events.on(name, listener as never) as never
    },
    after: (ms, run) => {
      waiting.push({ ms, run })
      return () => {}
    }
  })
  /** Lets the next wait end, and the store answer. Returns how long it would have taken. */
  const pass = async () => {
    const { ms, run } = waiting.shift()!
    run()
    await log.kickBehind(0, 'nobody')
    return ms
  }
  const emit = (name: 'bind' | 'unbind' | 'moved' | 'closed', sid: number) =>
    events.emit(name, { sid } as never, '' as never)
  return { network, bus, log, kicks, sessions, kicked, waiting, pass, emit }
}

t.test('a kick is found behind the entries that it is for, and by its user only', async t => {
  const { log, kicks } = await open()
  const before = (await log.append(1, Buffer.from('before'))) ?? 0
  t.equal(await kicks.note('red', 'banned', false), undefined)
  const after = (await log.append(1, Buffer.from('after'))) ?? 0
  t.same(await log.kickBehind(before, 'red'), { reason: 'banned' })
  t.equal(await log.kickBehind(after, 'red'), null)
  for (const uid of ['re', 'red ', 'RED', '1', '']) t.equal(await log.kickBehind(before, uid), null, uid)
  t.equal(await kicks.note('🦀'.repeat(100), null, false), undefined)
  t.same(await log.kickBehind(after, '🦀'.repeat(100)), { reason: null })
})

t.test('an entry that no gateway has written is no kick', async t => {
  const { bus, log, kicks } = await open()
  for (const text of ['', 'x', '1;', '2;2:no', '~~~', '1;5;'])
    await bus.append(logsOf('c').parked, 'kicks of red', Buffer.from(text))
  t.equal(await log.kickBehind(0, 'red'), null)
  await kicks.note('red', 'behind them', false)
  t.same(await log.kickBehind(0, 'red'), { reason: 'behind them' })
})

t.test('a kick of another gateway is noted for users whose sessions were parked here', async t => {
  const { log, kicks } = await open()
  kicks.parked('red')
  kicks.parked(null)
  for (const uid of ['red', 'blue']) t.equal(await kicks.note(uid, 'relayed', true), undefined)
  t.same(await log.kickBehind(0, 'red'), { reason: 'relayed' })
  t.equal(await log.kickBehind(0, 'blue'), null)
})

t.test('a kick that the store does not answer is an error', async t => {
  const { network, kicks, log } = await open()
  network.setDown('a')
  t.match(await kicks.note('red', null, false), { code: 'KICK_NOT_KEPT', message: /"red".*come back/ })
  t.equal(await log.kickBehind(0, 'red'), undefined)
})

t.test('a session that was restored is looked at once more, until the store answers', async t => {
  const { network, kicks, sessions, kicked, waiting, pass, emit } = await open()
  for (const sid of [1, 2, 4]) sessions.add(sid)
  await kicks.note('red', 'too early', false)
  kicks.restored(1, 'red', 1)
  kicks.restored(3, 'red', 1)
  kicks.restored(4, 'blue', 1)
  await kicks.note('red', 'while it was restored', false)
  // The second was restored from an entry behind that, the third has ended, and the fourth was not meant.
  kicks.restored(2, 'red', 2)
  emit('closed', 3)
  network.setDown('a')
  t.equal(await pass(), 10_000)
  t.same(kicked, [])
  network.setUp('a')
  while (waiting.length > 0) await pass()
  t.same(kicked, [[1, 'while it was restored']])
})

t.test('a session that was bound anew since it was restored is not ended by an earlier kick', async t => {
  const { kicks, sessions, kicked, waiting, pass, emit } = await open()
  for (const event of ['unbind', 'moved'] as const) {
    sessions.add(1)
    kicks.restored(1, 'red', 0)
    emit(event, 1)
    await kicks.note('red', 'everywhere else', false)
    emit('bind', 1)
    while (waiting.length > 0) await pass()
    t.same(kicked, [], event)
  }
})
