import t, { type Test } from 'tap'
import type { Fault } from '../../../../gateway/cluster/bus/local-network.js'
import { LocalNetwork } from '../../../../gateway/cluster/bus/local-network.js'
import { VirtualTime } from '../../../helpers/virtual-time.js'
import { testBus } from './bus-sentences.js'

testBus(t, 'LocalBus', async () => {
  const errors: string[] = []
  let now = 1_700_000_000_000
  const network = new LocalNetwork({
    now: () => Math.max(now, Date.now()),
    log: { error: message => errors.push(message), warn() {} }
  })
  return {
    errors,
    join: async name => network.join(name),
    pass: async ms => {
      now = Math.max(now, Date.now()) + ms
    },
    interrupt: async () => network.setDown(),
    resume: async () => network.setUp()
  }
})

/** Two buses in virtual time, and what `b` hears. */
function makePair(t: Test) {
  const time = new VirtualTime()
  const network = new LocalNetwork({ now: time.monotonic, schedule: time.schedule })
  const [a, b] = [network.join('a'), network.join('b')]
  const heard: string[] = []
  b.subscribe('s', bytes => heard.push(bytes.toString()))
  t.teardown(() => Promise.all([a.close(), b.close()]))
  const say = (...texts: string[]) => {
    for (const text of texts) a.publish('s', Buffer.from(text))
  }
  return { time, network, a, b, heard, say }
}

t.test('a fault drops, doubles or delays one message', async t => {
  const { time, network, heard, say } = makePair(t)
  const faults: Record<string, Fault> = { '2': 'drop', '3': 'double', '4': { delay: 50 } }
  network.fault = ({ kind, from, to, subject, bytes }) => {
    t.same([kind, from, to, subject], ['message', 'a', 'b', 's'])
    return faults[`${bytes}`]
  }
  say('1', '2', '3', '4', '5')
  await time.pass(49)
  t.same(heard, ['1', '3', '3', '5'])
  await time.pass(1)
  t.same(heard, ['1', '3', '3', '5', '4'])
})

t.test('a message is what it was when it was sent', async t => {
  const { time, a, heard } = makePair(t)
  const bytes = Buffer.from('1')
  a.publish('s', bytes)
  bytes.write('2')
  await time.pass(0)
  t.same(heard, ['1'])
})

t.test('a partition loses messages both ways, and leaves the logs and the others', async t => {
  const { time, network, a, b, heard, say } = makePair(t)
  const [c, back, across] = [network.join('c'), [] as string[], [] as string[]]
  a.subscribe('s', bytes => back.push(bytes.toString()))
  c.subscribe('s', bytes => across.push(bytes.toString()))
  await Promise.all([a, b].map(each => each.makeLog({ name: 'log', maxAge: 0 })))
  network.partition(['a'], ['b'])
  say('1')
  b.publish('s', Buffer.from('2'))
  await time.pass(0)
  t.same([heard, back, across], [[], [], ['1', '2']])
  const appended = a.append('log', 'key', Buffer.from('x'))
  await time.pass(0)
  const found = b.first('log', 'key')
  await time.pass(0)
  t.equal(await appended, 1)
  t.equal((await found)?.number, 1)
  network.heal()
  say('3')
  await time.pass(0)
  t.same(heard, ['3'])
})

t.test('a bus that is cut off does not notice, and gets no answers', async t => {
  const { time, network, a, heard, say } = makePair(t)
  await a.makeLog({ name: 'log', maxAge: 0 })
  say('under way')
  network.cutOff('b')
  await time.pass(0)
  t.same(heard, [], 'what was under way is lost too')
  network.cutOff('a')
  const [appended, found] = [a.append('log', 'key', Buffer.from('x')), a.first('log', 'key')]
  await t.rejects(a.makeLog({ name: 'log', maxAge: 0 }))
  t.equal(a.isUp, true)
  await time.pass(2_000)
  t.equal(await appended, undefined)
  t.equal(await found, undefined)
  network.heal()
  const later = a.first('log', 'key')
  await time.pass(0)
  t.equal(await later, null, 'nothing was appended')
})

t.test('a fault of a log loses the call, or only its answer, or lets another overtake it', async t => {
  const { time, network, a } = makePair(t)
  await a.makeLog({ name: 'log', maxAge: 0 })
  const faults: Record<string, Fault> = {
    lost: 'drop',
    unsure: 'dropAnswer',
    twice: 'double',
    late: { delay: 50 }
  }
  network.fault = ({ kind, subject }) => (kind === 'append' ? faults[subject] : undefined)
  const keys = ['lost', 'unsure', 'twice', 'late', 'plain']
  const appended = keys.map(key => a.append('log', key, Buffer.from(key)))
  await time.pass(2_000)
  t.same(await Promise.all(appended), [undefined, undefined, 2, 5, 4])
  const found = keys.map(key => a.first('log', key))
  await time.pass(0)
  const entries = await Promise.all(found)
  t.same(
    entries.map(entry => entry?.number ?? null),
    [null, 1, 2, 5, 4]
  )
})

t.test('logs without a leader give no answers while messages go on', async t => {
  const { time, network, a, heard, say } = makePair(t)
  await a.makeLog({ name: 'log', maxAge: 0 })
  network.areLogsDown = true
  const appended = a.append('log', 'key', Buffer.from('x'))
  say('1')
  await time.pass(2_000)
  t.equal(await appended, undefined)
  t.same(heard, ['1'])
})

t.test('wiped logs begin anew, with another time at which they were made', async t => {
  const { time, network, a } = makePair(t)
  await a.makeLog({ name: 'log', maxAge: 0 })
  const before = a.madeAt('log')
  const appended = a.append('log', 'key', Buffer.from('x'))
  await time.pass(10)
  network.wipe()
  const found = a.first('log', 'key')
  const after = a.madeAt('log')
  await time.pass(0)
  t.equal(await appended, 1)
  t.equal(await found, null)
  t.equal((await after)! - (await before)!, 10)
})

t.test('a closed bus leaves no timer behind, and its name may be used again', async t => {
  const { time, network, a, b } = makePair(t)
  b.subscribe('quiet', () => {})
  const asked = a.ask('quiet', Buffer.from('?'), 60_000)
  await a.close()
  t.equal(await asked, undefined)
  await time.pass(0)
  t.equal(time.waiting, 0)
  const next = network.join('a')
  const heard: string[] = []
  next.subscribe('s', bytes => heard.push(bytes.toString()))
  b.publish('s', Buffer.from('1'))
  await time.pass(0)
  t.same(heard, ['1'])
  await next.close()
})
