/**
 * Operations on sessions in each phase of their move: each takes effect once, wherever the session is by
 * then, or ends with a code that says what is known.
 */
import t, { type Test } from 'tap'
import { type Client, connect } from '../../../client/node.js'
import type { Gateway } from '../../../gateway/index.js'
import { HeldMoves, type Victim } from '../../helpers/cluster/held-moves.js'
import { until } from '../../helpers/until.js'

const victimNames = ['kept', 'bare', 'bound', 'bySid', 'byUid'] as const

/** Those whom a host kicks: of one source only, since each costs a client. */
const hostNames = ['hostBySid', 'hostByUid'] as const
const channels = ['left', 'hostLeft', 'all', 'destroyed', 'hostDestroyed']

/** All that one source acts on. */
type Victims = Readonly<Record<(typeof victimNames)[number], Victim>> &
  Readonly<Partial<Record<(typeof hostNames)[number], Victim>>>

interface Outcome {
  readonly code: string | null
  readonly message?: string
  readonly value?: unknown
}

type Outcomes = Readonly<Record<string, Outcome>>

/** A source of operations: a gateway, with a worker and a host. */
interface Source {
  readonly name: string
  readonly gateway: Gateway
  readonly bot: Client
  isStarted: boolean
}

interface Phase {
  readonly hold: (held: HeldMoves, count: number) => Promise<void>
  /** Sources of which not each operation gets an answer that says that it was done. */
  readonly unsure?: string
}

/** Codes after which it is not known whether an operation was done, and the one after which it was not. */
const unknown = ['CLUSTER_TIMEOUT', 'FRONTEND_LOST']
const undone = 'CLUSTER_UNAVAILABLE'

async function joinAll(t: Test, held: HeldMoves, prefix: string, isKicking: boolean): Promise<Victims> {
  const entries = await Promise.all(
    [...victimNames, ...(isKicking ? hostNames : [])].map(async name => {
      const uid = `${prefix} ${name}`
      const own = name === 'kept' ? channels.map(channel => `${uid} ${channel}`) : [`${uid} here`]
      return [name, await held.join(t, held.gateways[0]!, uid, own, name !== 'bare')] as const
    })
  )
  return Object.fromEntries(entries) as unknown as Victims
}

function outcomeOf(operation: Promise<unknown>): Promise<Outcome> {
  return operation.then(
    value => ({ code: null, value }),
    ({ code = 'none', message }) => ({ code, message })
  )
}

/** Begins all that a handler and the host of a source can do. Resolves to how each has ended. */
async function runAll({ gateway, bot }: Source, victims: Victims): Promise<Outcomes> {
  const { kept, bare, bound, bySid, byUid, hostBySid, hostByUid } = victims
  const { address } = kept
  const kicked = { bySid: bySid.address, byUid: byUid.address }
  const body = { kept: address, bare: bare.address, bound: bound.address, kicked }
  const ofHandler = bot.request('operator.run', body) as Promise<Outcomes>
  const channel = (name: string) => gateway.channel(`${address.uid} ${name}`)
  const ofHost = {
    hostJoin: channel('hostJoined').ajoin(address),
    hostLeave: channel('hostLeft').aleave(address),
    hostSend: gateway.asend(address, 'hit', 'host address'),
    hostSendToUser: gateway.asend(address.uid, 'hit', 'host user'),
    hostSendToChannel: channel('all').abroadcast('hit', 'host channel'),
    ...(hostBySid && { hostKick: gateway.sessions.akick(hostBySid.address, 'by sid') }),
    ...(hostByUid && { hostKickByUid: gateway.sessions.akick(hostByUid.address.uid, 'by uid') })
  }
  channel('hostDestroyed').destroy()
  const outcomes = Object.entries(ofHost).map(async ([name, each]) => [name, await outcomeOf(each)] as const)
  return { ...Object.fromEntries(await Promise.all(outcomes)), ...(await ofHandler) }
}

/** Returns how often each operation has taken effect. */
function effectsOf(victims: Victims, { gateways }: Pick<HeldMoves, 'gateways'>): Record<string, number> {
  const { kept, bare, bound, bySid, byUid, hostBySid, hostByUid } = victims
  const find = ({ address: { sid } }: Victim) => gateways.flatMap(({ sessions }) => sessions.get(sid) ?? [])
  const settings = (find(kept)[0]?.settings ?? {}) as Record<string, number | undefined>
  const hits = (text: string) => kept.hits.filter(each => each === text).length
  const size = (name: string) =>
    gateways.reduce((sum, each) => sum + each.channel(`${kept.address.uid} ${name}`).size, 0)
  const isGone = (victim: Victim) => (find(victim).length === 0 && victim.client.state === 'closed' ? 1 : 0)
  return {
    push: settings['pushed'] ?? 0,
    pushAll: settings['pushedAll'] ?? 0,
    update: settings['updated'] ?? 0,
    commit: settings['committed'] ?? 0,
    told: settings['told'] ?? 0,
    join: size('joined'),
    leave: 1 - size('left'),
    destroy: 1 - size('destroyed'),
    toldJoin: size('told'),
    send: hits('address'),
    toldSend: hits('told'),
    sendToUser: hits('user'),
    sendToChannel: hits('channel'),
    sendToJoined: hits('joined'),
    broadcast: hits(`all ${kept.address.uid}`),
    bind: find(bare)[0]?.uid === bare.address.uid ? 1 : 0,
    unbind: find(bound)[0]?.uid === null ? 1 : 0,
    kick: isGone(bySid),
    kickByUid: isGone(byUid),
    hostJoin: size('hostJoined'),
    hostLeave: 1 - size('hostLeft'),
    hostDestroy: 1 - size('hostDestroyed'),
    hostSend: hits('host address'),
    hostSendToUser: hits('host user'),
    hostSendToChannel: hits('host channel'),
    ...(hostBySid && { hostKick: isGone(hostBySid) }),
    ...(hostByUid && { hostKickByUid: isGone(hostByUid) })
  }
}

/** Returns what is not as the outcomes say. What has none was not waited for. */
function judge(effects: Record<string, number>, outcomes: Outcomes, isUnsure: boolean): string[] {
  const wrong: string[] = []
  for (const [operation, count] of Object.entries(effects)) {
    const { code, message = '' } = outcomes[operation] ?? { code: isUnsure ? unknown[0]! : null }
    const most = code === null ? 1 : isUnsure && unknown.includes(code) ? count : 0
    const isRight = count === most && count <= 1 && (code === null || isUnsure)
    if (!isRight) wrong.push(`${operation}: ${count} times, ${code ?? 'done'} ${message}`)
  }
  return wrong
}

/** `to`: the number of the gateway to which the sessions move; from the first one. */
async function untilIn({ gateways }: HeldMoves, moved: number, inTransit: number, to = 1): Promise<void> {
  const [from, taker] = [gateways[0]!, gateways[to]!]
  const before = taker.metrics().sessionsMovedIn
  await until(`${moved} sessions have come, and ${inTransit} are on their way`, () => {
    const { sessionsInTransit } = from.metrics()
    return taker.metrics().sessionsMovedIn - before === moved && sessionsInTransit === inTransit
  })
}

async function holdExported(held: HeldMoves, count: number, to = 1): Promise<void> {
  held.block(`a${'abc'[to]}`)
  held.release(`${'abc'[to]}a`)
  await untilIn(held, 0, count, to)
}

async function holdTaken(held: HeldMoves, count: number, to = 1): Promise<void> {
  await holdExported(held, count, to)
  held.blockAt(`${'abc'[to]}a`, 'settle taken')
  held.release(`a${'abc'[to]}`)
  await untilIn(held, count, count, to)
}

/** Sends all to a gateway, and waits until it has asked for all. What it says is held. */
async function sendAll(held: HeldMoves, all: readonly Victims[], to = 1): Promise<Victim[]> {
  const victims = all.flatMap(each => Object.values(each))
  const way = `${'abc'[to]}a`
  held.block(way)
  for (const { goTo } of victims) goTo(held.gateways[to]!)
  await held.untilAsked(way, victims.length)
  return victims
}

const phases: Readonly<Record<string, Phase>> = {
  exported: { hold: holdExported },
  'taken, and others know of it': { hold: holdTaken },
  'taken, and nobody else knows of it': {
    async hold(held, count) {
      held.block('bc')
      await holdTaken(held, count)
    }
  },
  'settled, and others do not know of it': {
    async hold(held, count) {
      held.block('bc')
      held.release('ba')
      await untilIn(held, count, 0)
    }
  },
  'exported, and the link is lost': {
    unsure: 'b',
    async hold(held, count) {
      await holdExported(held, count)
      await held.loseLink(0, 1)
    }
  },
  'taken, and the link is lost': {
    unsure: 'ab',
    async hold(held, count) {
      await holdTaken(held, count)
      await held.loseLink(1, 0)
    }
  }
}

async function startSources(t: Test, { gateways }: HeldMoves): Promise<Source[]> {
  return Promise.all(
    gateways.map(async (gateway, n) => {
      const bot = await connect(gateway.url)
      t.teardown(() => bot.close())
      const source = { name: 'abc'[n]!, gateway, bot, isStarted: false }
      bot.on('started', () => {
        source.isStarted = true
      })
      return source
    })
  )
}

t.test('an operation takes effect once in each phase of a move', async t => {
  const held = await HeldMoves.start(t)
  const sources = await startSources(t, held)
  for (const [phase, { hold, unsure = '' }] of Object.entries(phases)) {
    const all = await Promise.all(
      sources.map(({ name }) => joinAll(t, held, `${phase} ${name}`, name === 'c'))
    )
    const victims = await sendAll(held, all)
    await hold(held, victims.length)
    for (const source of sources) source.isStarted = false
    const running = sources.map((source, n) => runAll(source, all[n]!))
    await until('all operations are under way', () => sources.every(({ isStarted }) => isStarted))
    held.release()
    const outcomes = await Promise.all(running)
    const places = all.flatMap(({ kept, bare, bound }) =>
      [kept, bare, bound].map(({ client }) => client.request('player.where'))
    )
    t.same(new Set(await Promise.all(places)), new Set(['b']))
    for (const [n, { name }] of sources.entries()) {
      const isUnsure = unsure.includes(name)
      const find = () => judge(effectsOf(all[n]!, held), outcomes[n]!, isUnsure)
      await until('all has come', () => find().length === 0, 3_000).catch(() => {})
      t.same(find(), [], `${phase}: by ${name}`)
      const { read, setResumeWindow, size, members } = outcomes[n]!
      const { uid } = all[n]!.kept.address
      const found = [read, setResumeWindow, size, members].map(each => each!.code ?? each!.value)
      if (!isUnsure) t.same(found, [uid, null, 1, 1], 'and is found and counted once')
    }
    await until('all is decided', () => held.gateways[0]!.metrics().sessionsInTransit === 0)
    // One whose kick was refused may still be on their way: closed then, they would be waited for.
    const isSettled = ({ client: { state } }: Victim) => state === 'open' || state === 'closed'
    await until('each is here or gone', () => victims.every(isSettled))
    for (const { client } of victims) client.close()
    const isAlone = ({ sessions }: Gateway) => sessions.getSessionsCount() === 1
    await until('all have gone', () => held.gateways.every(isAlone))
  }
})

t.test(
  'a session does not move while it is being bound, and what its host does then is not lost',
  async t => {
    const held = await HeldMoves.start(t, { singleSession: 'kick' })
    const [a, b] = held.gateways as [Gateway, Gateway]
    const victim = await held.join(t, a, 'late', ['here'], false)
    const { sid } = victim.address
    held.block('claims')
    const binding = a.sessions.abind(sid, 'late')
    victim.goTo(b)
    await until('it is refused for now', () => held.hasSaid('ab', 'export again'))
    t.equal(b.metrics().sessionsMovedIn, 0)
    held.release('claims')
    await binding
    t.equal(await victim.client.request('player.where'), 'b')
    t.match(b.sessions.get(sid), { uid: 'late' })
    await until('the claim is where the session is', () => a.metrics().claimsHeld === 0)
    t.equal(b.metrics().claimsHeld, 1)

    // Back to a, and held on the way.
    const other = await held.join(t, a, 'other', ['first'])
    const session = a.sessions.get(other.address.sid)!
    held.block('ab')
    other.goTo(b)
    await until('it is on its way', () => a.metrics().sessionsInTransit === 1)
    t.throws(() => session.set('set', 1), { code: 'SESSION_NOT_FOUND' }, 'refused, and not lost')
    a.channel('second').join(session)
    a.channel('first').leave(session)
    a.sessions.sendMessage(other.address.sid, 'hit', 'from its host')
    held.release()
    t.equal(await other.client.request('player.where'), 'b')
    await until('its channels have come', () => b.channel('second').size === 1)
    t.equal(b.channel('first').size, 0)
    t.same(other.hits, ['from its host'])
    held.block('ba')
    other.goTo(a)
    await until('it is on its way', () => b.metrics().sessionsInTransit === 1)
    b.sessions.kickBySessionId(other.address.sid, 'enough')
    held.release()
    await until('its client is told', () => other.client.state === 'closed')
    t.equal(a.sessions.getSessionsCount(), 0)
  }
)

t.test(
  'a client that comes back while its session is on its way has it once it is decided where',
  async t => {
    const held = await HeldMoves.start(t)
    const [a, b] = held.gateways as [Gateway, Gateway]
    for (const round of ['taken', 'refused']) {
      const { address, client, hits, goTo } = await held.join(t, a, round, ['here'])
      held.block('ab')
      goTo(b)
      await until('it is on its way', () => a.metrics().sessionsInTransit === 1)
      if (round === 'refused') await held.loseLink(0, 1)
      const closed = a.metrics().connectionsClosed
      goTo(a)
      await until('it has to come again', () => a.metrics().connectionsClosed > closed)
      const place = client.request('player.where')
      held.release()
      t.equal(await place, 'a')
      t.equal(await a.asend(address.uid, 'hit', 'after'), 1)
      await until('the event has come', () => hits.length === 1)
      t.match(await client.request('player.state'), { uid: round, sid: address.sid })
      t.same([a.metrics().requestsWaiting, b.metrics().requestsWaiting], [0, 0])
      client.close()
    }
  }
)

t.test('an operation ends with a true code if the gateway that gives or takes is lost', async t => {
  const held = await HeldMoves.start(t, { leaseTtl: 1_500, singleSession: 'kick' })
  const sources = await startSources(t, held)
  const [a, , c] = held.gateways as [Gateway, Gateway, Gateway]
  const victimsOf = await Promise.all(sources.map(({ name }) => joinAll(t, held, name, false)))
  const victims = await sendAll(held, victimsOf)
  await holdExported(held, victims.length)
  held.network.cutOff('b')
  const outcomes = await Promise.all([0, 2].map(n => runAll(sources[n]!, victimsOf[n]!)))
  await until('the sessions are given up', () => a.metrics().sessionsInTransit === 0)
  t.equal(a.sessions.getSessionsCount() + c.sessions.getSessionsCount(), 2, 'none is left')
  const codes = new Set(outcomes.flatMap(each => Object.values(each).map(({ code }) => code)))
  codes.delete(null)
  const told = [...unknown, undone, 'SESSION_NOT_FOUND', 'none']
  t.same(
    [...codes].filter(code => !told.includes(code!)),
    []
  )
  for (const { goTo } of victims) goTo(c)
  await until('each client knows', () => victims.every(({ hasEnded }) => hasEnded()))
  for (const { client } of victims) client.close()

  const last = await joinAll(t, held, 'last', true)
  const moving = await sendAll(held, [last], 2)
  await holdTaken(held, moving.length, 2)
  held.network.cutOff('a')
  const ended = await runAll(sources[2]!, last)
  await until(
    'all has come',
    () => judge(effectsOf(last, { gateways: [c] }), ended, true).length === 0
  ).catch(() => {})
  t.same(judge(effectsOf(last, { gateways: [c] }), ended, true), [])
  t.equal(ended['push']!.code, null, 'the gateway that has taken them goes on')
})
