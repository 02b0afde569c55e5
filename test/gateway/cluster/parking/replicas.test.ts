/** The records of the sessions of a gateway, as the store has them. */
import { EventEmitter } from 'node:events'
import t from 'tap'
import { LocalNetwork } from '../../../../gateway/cluster/bus/local-network.js'
import { processTiming } from '../../../../gateway/cluster/link/link-host.js'
import {
  formatClaim,
  formatState,
  type ParkedEntry
} from '../../../../gateway/cluster/parking/entries/parked-entry.js'
import { ParkedLog } from '../../../../gateway/cluster/parking/entries/parked-log.js'
import type { ReplicasInit } from '../../../../gateway/cluster/parking/holding.js'
import { Replicas } from '../../../../gateway/cluster/parking/replicas.js'
import { ResumableReceiver } from '../../../../gateway/resume/resumable-receiver.js'
import type { Registry } from '../../../../gateway/sessions/registry.js'
import type { Session } from '../../../../gateway/sessions/session.js'
import { movableSession } from '../../../helpers/cluster/movable-session.js'
import { until } from '../../../helpers/until.js'

interface FakeSession {
  readonly sid: number
  readonly receiver: ResumableReceiver
  uid: string | null
  version: number
  isOpen: boolean
}

/** The gateway `here`, with the start 2. The start 1 had its sessions before. */
async function create() {
  const network = new LocalNetwork()
  const [log, former] = [new ParkedLog(network.join('here'), 'c'), new ParkedLog(network.join('there'), 'c')]
  await log.open()
  await former.open()
  const sessions: FakeSession[] = []
  const events = new EventEmitter()
  const looks: (() => void)[] = []
  const own = { start: 2, hasLease: true }
  const kicked: (string | null)[] = []
  const lost: number[] = []
  const replicas = new Replicas({
    log,
    registry: Object.assign(events, {
      all: () => sessions,
      kick: (_session: Session, reason: string | null) => kicked.push(reason)
    }) as unknown as Registry,
    start: () => own.start,
    hasLease: () => own.hasLease,
    timing: {
      ...processTiming,
      after: (_ms, run) => {
        looks.push(run)
        return () => {}
      }
    },
    isOn: true,
    every: 1,
    describe: ({ sid }) => movableSession(sid),
    hashesOf: () => movableSession(1).secrets,
    lost: ({ sid }) => lost.push(sid),
    isDead: async () => false,
    tooLarge: { isSo: () => false } as unknown as ReplicasInit['tooLarge']
  })
  await replicas.open()
  const come = (sid: number): FakeSession => {
    const receiver = Object.create(ResumableReceiver.prototype) as ResumableReceiver
    const session = { sid, receiver, uid: null, version: 1, isOpen: true, joins: 0, holdsNothing: false }
    sessions.push(session)
    events.emit('movedIn', session, 'there')
    return session
  }
  return {
    network,
    log,
    former,
    sessions,
    replicas,
    come,
    look: () => looks.shift()?.(),
    kicked,
    lost,
    own,
    resume: (session: FakeSession) => events.emit('resumed', session),
    end: (session: FakeSession) => {
      session.isOpen = false
      sessions.splice(sessions.indexOf(session), 1)
      events.emit('closed', session as unknown as Session, 'kicked')
    }
  }
}

/** Appends what the former gateway has written. `isClaimed`: it had the session from another one itself. */
async function write(former: ParkedLog, sid: number, isClaimed: boolean): Promise<void> {
  const generation = isClaimed ? (await former.append(sid, formatClaim(1)))! : 0
  const state = movableSession(sid)
  await former.append(sid, formatState({ kind: 'record', start: 1, generation, endsAt: 0, state }))
}

const sids = Array.from({ length: 100 }, (_, index) => index + 1)

t.test(
  'a session that ends before its first write here leaves nothing behind of its former gateway',
  async t => {
    const { network, log, former, come, end, replicas } = await create()
    for (const sid of sids) await write(former, sid, sid % 2 === 0)
    network.fault = ({ kind }) => (kind === 'append' ? { delay: 20 } : undefined)
    const sessions = sids.map(come)
    for (const session of sessions) end(session)
    await replicas.close(10_000)
    const left = await Promise.all(sids.map(sid => log.read(sid)))
    t.same(left.flat(), [])
  }
)

t.test('so does one that was never written, since the store did not answer', async t => {
  const { network, log, former, come, end, replicas } = await create()
  for (const sid of [1, 2]) await write(former, sid, sid === 2)
  network.fault = ({ kind }) => (kind === 'append' ? 'drop' : undefined)
  for (const session of [1, 2].map(come)) end(session)
  await replicas.close(10_000)
  t.same([await log.read(1), await log.read(2)], [[], []])
})

t.test('what another gateway has restored while this one was cut off stays', async t => {
  const { network, former, come, end, replicas, own, look } = await create()
  network.setDown('here')
  const session = come(1)
  await write(former, 1, true)
  own.start = 3
  end(session)
  network.setUp('here')
  look()
  await replicas.close(10_000)
  t.equal((await former.read(1))?.length, 2)
})

t.test('a session is written once at a time, so that a slow store has 64 sessions under way', async t => {
  const { network, come, resume, look } = await create()
  const written: string[] = []
  network.fault = ({ kind, subject }) => {
    if (kind !== 'append') return undefined
    written.push(subject)
    return { delay: 50 }
  }
  for (const sid of sids) resume(come(sid))
  for (let n = 0; n < 5; n++) look()
  await until('the first are written', () => written.length > 0)
  t.same(written, sids.slice(0, 64).map(String))
  await until('all are written', () => new Set(written).size === sids.length)
})

/** Waits until the store has what `has` looks for. */
async function untilStore(log: ParkedLog, has: (entries: readonly ParkedEntry[]) => boolean): Promise<void> {
  while (!has((await log.read(1))!)) await new Promise(resolve => setTimeout(resolve, 1))
}

/** A session of the user red that is written, and has changed since. */
async function createWritten() {
  const created = await create()
  const { network, log, come, replicas, own } = created
  const session = come(1)
  session.uid = 'red'
  await untilStore(log, entries => entries.some(({ kind }) => kind === 'record'))
  t.equal(await replicas.write(session as unknown as Session), undefined)
  await untilStore(log, entries => entries.length === 2)
  session.version++
  const write = () => replicas.write(session as unknown as Session)
  const cut = () => (own.hasLease = false)
  return {
    ...created,
    session,
    write,
    numbers: async () => (await log.read(1))!.map(({ number }) => number),
    cut,
    /** Begins a write, and cuts the gateway off while it is under way. Returns its result. */
    cutWhileWriting: async () => {
      const begun = new Promise<void>(resolve => {
        network.fault = ({ kind, from }) => {
          if (kind !== 'append' || from !== 'here') return undefined
          resolve()
          return { delay: 50 }
        }
      })
      const written = write()
      await begun
      cut()
      network.fault = () => undefined
      return { written }
    },
    heal: () => Object.assign(own, { start: 3, hasLease: true })
  }
}

t.test('who was cut off writes nothing of a session until it is decided that it is still here', async t => {
  const { former, replicas, session, resume, look, write, numbers, kicked, cut, heal } = await createWritten()
  const before = await numbers()
  cut()
  await former.appendKick('red', 'out')
  const attempt = async () => {
    resume(session)
    look()
    t.match(await write(), /cut off/)
    t.same(await numbers(), before)
  }
  await attempt()
  heal()
  await attempt()
  await replicas.restarts.begin(3)
  t.same(kicked, ['out'], 'the kick is behind what was written before')
})

t.test('a write that was under way when its gateway was cut off hides no kick', async t => {
  const { former, replicas, kicked, cutWhileWriting, heal } = await createWritten()
  const { written } = await cutWhileWriting()
  await former.appendKick('red', 'out')
  t.match(await written, /cut off/)
  heal()
  await replicas.restarts.begin(3)
  t.same(kicked, ['out'])
})

t.test('what came late of a session that another gateway has restored and ended is removed', async t => {
  const { log, former, replicas, numbers, lost, cutWhileWriting, heal } = await createWritten()
  const { written } = await cutWhileWriting()
  await former.sweep(1, () => true)
  await written
  t.equal((await numbers()).length, 1, 'it is there')
  heal()
  await replicas.restarts.begin(3)
  t.same(lost, [1])
  await untilStore(log, entries => entries.length === 0)
})

t.test('a session that is still here is written at once when that is decided', async t => {
  const { log, session, resume, look, replicas, cut, heal, kicked, lost } = await createWritten()
  cut()
  resume(session)
  heal()
  look()
  await replicas.restarts.begin(3)
  await untilStore(log, entries => entries.some(({ kind, start }) => kind === 'record' && start === 3))
  t.same([kicked, lost], [[], []])
})
