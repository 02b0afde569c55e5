/** What the store of sessions bears: silence, excess, foreign entries, and clients that come at once. */
import t from 'tap'
import { type ClientOptions, connect } from '../../../client/node.js'
import type { LocalNetwork } from '../../../gateway/cluster/bus/local-network.js'
import { logsOf } from '../../../gateway/cluster/bus/subjects.js'
import { formatState, type StateEntry } from '../../../gateway/cluster/parking/entries/parked-entry.js'
import { ParkedLog } from '../../../gateway/cluster/parking/entries/parked-log.js'
import type { Gateway } from '../../../gateway/index.js'
import { closeCodes } from '../../../shared/close-codes.js'
import { startCluster } from '../../helpers/cluster.js'
import { matchRows } from '../../helpers/match-rows.js'
import { fixture } from '../../helpers/paths.js'
import { PomeloPlayer } from '../../helpers/pomelo-player.js'
import { until } from '../../helpers/until.js'

const store = logsOf('sallyport').parked
const quick: ClientOptions = { backOff: { least: 1, most: 20 }, heartbeat: 100, heartbeatTimeout: 1_000 }

t.test('three gateways that keep sessions in NATS', async t => {
  const { gateways, network } = await startCluster(t, fixture('handlers-moves'), {
    names: ['a', 'b', 'c'],
    options: {
      nats: 'nats://127.0.0.1:4222',
      replicate: 'through',
      singleSession: 'kick',
      leaseTtl: 1_000,
      replicateEvery: 20,
      clusterTimeout: 1_000,
      maxSettingsLength: 4_000_000
    }
  })
  const [a, b, c] = gateways.map(({ gateway }) => gateway) as [Gateway, Gateway, Gateway]
  const kept = new ParkedLog(network.join('test'), 'sallyport')
  await kept.open()
  /** Returns a setting as the store has it. */
  const settingOf = async (sid: number, key: string) => {
    const entry = (await kept.read(sid))?.findLast(each => each.kind === 'record')
    if (entry?.kind !== 'record') return undefined
    const { text = '{}' } = entry.state.session.settings.find(([name]) => name === key)?.[1] ?? {}
    return JSON.parse(text).json as unknown
  }
  /** Waits until the store has it. */
  const untilKept = async (sid: number, key: string, value: unknown) => {
    while ((await settingOf(sid, key)) !== value) await new Promise(resolve => setTimeout(resolve, 5))
  }

  await t.test(
    'while NATS is away an awaited change says that it is not kept, and all is kept later',
    async t => {
      const client = await connect(a.url, quick)
      const sid = (await client.request('player.login', { uid: 'away', channel: 'lobby' })) as number
      network.setDown('a')
      for (let n = 0; n < 2; n++)
        t.match(await client.request('player.tryTo', { what: 'add' }), { code: 'SESSION_NOT_KEPT' })
      await client.request('player.note', { text: 'unawaited' })
      t.match(await client.request('player.state'), { count: 2, note: 'unawaited' }, 'both were made')
      network.setUp('a')
      await untilKept(sid, 'note', 'unawaited')
      t.equal(await settingOf(sid, 'count'), 2)
      await client.request('player.add')
      t.equal(await settingOf(sid, 'count'), 3)
      client.close()
    }
  )

  await t.test('without any answer of NATS it says so within clusterTimeout', async t => {
    const client = await connect(a.url, quick)
    await client.request('player.login', { uid: 'silent', channel: 'lobby' })
    network.fault = ({ kind, to, from }) =>
      kind === 'append' && to === store && from === 'a' ? 'drop' : undefined
    t.match(await client.request('player.tryTo', { what: 'add' }), { code: 'SESSION_NOT_KEPT' })
    network.fault = () => undefined
    // The write that was dropped holds up the next one until NATS' time for it is over.
    while ((await client.request('player.tryTo', { what: 'add' })) !== null);
    client.close()
  })

  await t.test('a session that is too large is not kept, lives on, and is counted', async t => {
    const client = await connect(a.url, quick)
    const sid = (await client.request('player.login', { uid: 'large', channel: 'lobby' })) as number
    t.match(await client.request('player.tryTo', { what: 'stuff', length: 1_100_000 }), {
      code: 'SESSION_NOT_KEPT',
      message: /11\d{5} bytes are more than the 1048576/
    })
    t.ok(a.metrics().sessionsNotKept > 0)
    matchRows(t, (await kept.read(sid)) ?? [], [], 'nothing older is brought back')
    await client.request('player.stuff', { length: 10 })
    t.equal(await settingOf(sid, 'stuff'), 'xxxxxxxxxx')
    client.close()
  })

  await t.test('a log that is lost is written anew, though no session changes', async () => {
    const client = await connect(a.url, quick)
    const sid = (await client.request('player.login', { uid: 'wiped', channel: 'lobby' })) as number
    network.setDown()
    network.wipe()
    network.setUp()
    await untilKept(sid, 'name', 'wiped')
    client.close()
  })

  await t.test('entries that no gateway has written keep nobody else out', async t => {
    const client = await connect(a.url, quick)
    const sid = (await client.request('player.login', { uid: 'red', channel: 'lobby' })) as number
    const record = (await kept.read(sid))!.find(each => each.kind === 'record') as StateEntry
    const { state } = record
    const broken: Buffer[] = [
      ...['', 'x', '1;', '9;1;1;0;0;', '\0\xff', '99999999999:'].map(text => Buffer.from(text, 'latin1')),
      ...[{ sid: sid + 1 }, { sid, uid: '' }, { sid, resumeWindow: -5 }].map(change =>
        formatState({
          ...record,
          generation: 0,
          state: { ...state, session: { ...state.session, ...change } }
        })
      )
    ]
    const bus = network.join('stranger')
    const text = { text: '{no json', version: 9, route: null, at: 0 }
    broken.push(
      formatState({
        ...record,
        state: { ...state, session: { ...state.session, settings: [['name', text]] } }
      })
    )
    for (const bytes of broken) await bus.append(store, `${sid}`, bytes)
    matchRows(t, (await kept.read(sid)) ?? [], [{ kind: 'record', number: record.number }])
    client.close()
  })

  await t.test('of a session whose client comes to two gateways at once there is one', async t => {
    const player = await PomeloPlayer.join(a.url, { sys: { resume: {} } })
    const { token, epoch } = player.answer!.sys!.resume!
    const { body: sid } = await player.request('player.login', { uid: 'twin', channel: 'lobby' })
    await player.request('player.add')
    // A plain client of Pomelo has no way back, so nothing of it is kept.
    const plain = await PomeloPlayer.join(a.url)
    const { body: plainSid } = await plain.request('player.login', { uid: 'plain', channel: 'lobby' })
    t.same(await kept.read(plainSid), [])
    const red = await PomeloPlayer.join(a.url, { sys: { resume: {} } })
    await red.request('player.login', { uid: 'red', channel: 'lobby' })
    await crash(network, 'a', [b, c])

    const session = { token, epoch, received: 0 }
    const come = async ({ url }: Gateway) => {
      for (;;) {
        const next = await PomeloPlayer.open(url)
        // It may go on to the other one at this moment.
        const answer = await next.shakeHands({ sys: { resume: session } }).catch(() => undefined)
        if (answer?.code === 200) return { next, resume: answer.sys!.resume! }
        next.ws.close()
      }
    }
    const both = await Promise.all([b, c].map(come))
    t.same(both.map(({ resume }) => resume.restored === true).includes(true), true)
    const has = () => [b, c].filter(({ sessions }) => sessions.get(sid) !== undefined)
    await until('one gateway has it', () => has().length === 1)
    t.equal(has()[0]!.sessions.get(sid)?.get('count'), 1)

    await t.test('and a user who has logged in anew keeps that session', async t => {
      const newer = await PomeloPlayer.join(b.url, { sys: { resume: {} } })
      const { body: newSid } = await newer.request('player.login', { uid: 'red', channel: 'lobby' })
      newer.ws.terminate()
      await until('they are away', () => b.metrics().detachedSessions > 0)
      const late = await PomeloPlayer.open(c.url)
      const point = red.answer!.sys!.resume!
      await late.shakeHands({ sys: { resume: { ...point, received: 0 } } }).catch(() => {})
      t.equal((await late.closed).code, closeCodes.replaced)
      t.ok(b.sessions.get(newSid))
    })
  })
})

/** Ends a gateway for all others: nothing goes in and out of it any more. */
async function crash(network: LocalNetwork, name: string, others: readonly Gateway[]): Promise<void> {
  network.cutOff(name)
  await until('it counts as dead', () =>
    others.every(({ cluster }) => cluster!.peers().every(({ frontendId }) => frontendId !== name))
  )
}
