/** The consoles of a cluster ask each other, over a bus within this process. */
import t from 'tap'
import { LocalNetwork } from '../../../../gateway/cluster/bus/local-network.js'
import { subjectsOf } from '../../../../gateway/cluster/bus/subjects.js'
import { createClusterConsole } from '../../../../gateway/cluster/console/cluster-console.js'
import { FarGateways } from '../../../../gateway/cluster/console/far-gateways.js'
import { LookedAt } from '../../../../gateway/cluster/console/looked-at.js'
import { writeLook } from '../../../../gateway/cluster/console/looks.js'
import type { Link } from '../../../../gateway/cluster/link/links.js'
import type { Member, MembershipListener } from '../../../../gateway/cluster/members/membership.js'
import type { SessionsPage } from '../../../../gateway/console/api/console-api.js'
import { searchSessions } from '../../../../gateway/console/session-views.js'
import { Registry } from '../../../../gateway/sessions/registry.js'
import type { Session } from '../../../../gateway/sessions/session.js'
import { Metrics } from '../../../../gateway/telemetry/metrics.js'
import { createLogger } from '../../../../shared/text/log.js'
import { FakeReceiver } from '../../../helpers/fake-receiver.js'

const limits = { maxSendBytes: 1_000, maxBacklogBytes: 1_000 }
const { look: subjectOf } = subjectsOf('test')
const load = { connections: 4, sessions: 5, queueDelay: 6, eventLoopDelay: 7, heapUsed: 8 }

class Gateways {
  readonly network = new LocalNetwork()
  readonly lines: string[] = []
  readonly registries: Registry[] = []
  readonly answering: LookedAt[] = []

  constructor(count: number) {
    for (let start = 1; start <= count; start++) {
      const registry = new Registry({
        frontendId: `g${start}`,
        singleSession: 'off',
        maxResumeWindow: 0,
        metrics: new Metrics(),
        now: () => 1_000
      })
      this.registries.push(registry)
      this.answering.push(
        new LookedAt({
          bus: this.network.join(`g${start}`),
          subject: subjectOf(start),
          registry,
          limits,
          log: createLogger('trace', (_level, message) => this.lines.push(message)),
          now: () => 1_000,
          monotonic: () => 0
        })
      )
    }
  }

  /** The gateway at `index` as its console sees the others; `silent` ones are members that do not answer. */
  from(index: number, { silent = [] as string[], links = [] as Link[] } = {}): FarGateways {
    const member = (frontendId: string, start: number): Member => ({
      frontendId,
      start,
      state: 'up',
      version: '1.2.3',
      protocol: 1,
      load,
      silentFor: 12.3
    })
    const others = this.registries
      .map((_, each) => member(`g${each + 1}`, each + 1))
      .filter((_, each) => each !== index)
    return new FarGateways({
      name: 'test',
      version: '1.2.3',
      bus: this.network.join(`console ${index}`),
      membership: {
        start: index + 1,
        frontendId: `g${index + 1}`,
        isDegraded: false,
        hasLease: true,
        others: [...others, ...silent.map((name, each) => member(name, 100 + each))].reverse(),
        isDead: async () => false,
        watch() {}
      },
      links: {
        all: links,
        broken: [],
        find: () => undefined,
        ofStart: () => undefined,
        read() {},
        watch() {}
      },
      subjectOf,
      readState: () => 'up',
      readLoad: () => load
    })
  }

  open(index: number, sid: number, uid: string | null): Session {
    return this.registries[index]!.open(new FakeReceiver(), { protocol: 'json' }, { uid, settings: [] }, sid)
  }
}

/** Searches from the first gateway, page by page. */
async function searchAll(gateways: Gateways, others: FarGateways, query: string, limit: number) {
  const pages: SessionsPage[] = []
  for (let after: number | null = 0; after !== null; after = pages.at(-1)!.next) {
    const asked = { query, by: 'any', after, limit } as const
    pages.push(await others.search(asked, await searchSessions(gateways.registries[0]!, asked)))
  }
  return pages
}

t.test('sessions of all gateways are found, each once, in pages by their numbers', async t => {
  const gateways = new Gateways(3)
  for (let i = 1; i <= 20; i++) {
    // Sessions that moved are not in the order of their numbers.
    const sid = 1 + ((i * 7) % 20)
    gateways.open(sid % 3, sid, sid % 5 === 0 ? 'other' : `ann-${sid}`)
  }
  const others = gateways.from(0)
  for (const limit of [1, 3, 16, 50]) {
    const pages = await searchAll(gateways, others, 'ann', limit)
    t.same(
      pages.flatMap(({ sessions }) => sessions.map(({ sid }) => sid)),
      [1, 2, 3, 4, 6, 7, 8, 9, 11, 12, 13, 14, 16, 17, 18, 19],
      `${limit} a page`
    )
    for (const { total, sessions, silent } of pages) {
      t.equal(total, 20)
      t.ok(sessions.length <= limit)
      t.same(silent, [])
      for (const { sid, frontendId } of sessions) t.equal(frontendId, `g${(sid % 3) + 1}`)
    }
  }
})

t.test('a gateway that does not answer is named, and the others are found', async t => {
  const gateways = new Gateways(2)
  gateways.open(1, 7, 'ann')
  const others = gateways.from(0, { silent: ['g9'] })
  const [page] = await searchAll(gateways, others, 'ann', 10)
  t.same(
    page!.sessions.map(({ sid }) => sid),
    [7]
  )
  t.same(page!.silent, ['g9'])
  t.same(await others.ask(8, { call: 'session' }), { kind: 'absent', silent: ['g9'] })
})

t.test('a session is shown, unbound and kicked where it is', async t => {
  const gateways = new Gateways(3)
  const session = gateways.open(2, 7, 'ann')
  const others = gateways.from(0)
  t.match(await others.ask(7, { call: 'session' }), {
    kind: 'done',
    uid: 'ann',
    detail: { sid: 7, frontendId: 'g3', settings: [], sendBuffer: { limit: 1_000 } }
  })
  t.same(await others.ask(7, { call: 'unbind' }), { kind: 'done', uid: 'ann' })
  t.equal(session.uid, null)
  t.same(await others.ask(7, { call: 'unbind' }), { kind: 'refused', message: 'It has no user.' })
  t.same(await others.ask(7, { call: 'kick', reason: 'Enough' }), { kind: 'done', uid: null })
  t.notOk(session.isOpen)
  t.same(await others.ask(7, { call: 'kick', reason: null }), { kind: 'absent', silent: [] })
  t.same(gateways.lines, Array(3).fill('The console of another gateway was used'), 'its log tells of it')
})

t.test('what is no question gets no answer, and does no harm', async t => {
  const gateways = new Gateways(2)
  gateways.open(1, 7, 'ann')
  const bus = gateways.network.join('a stranger')
  const good = { kind: 'search', query: { query: '', by: 'any', after: 0, limit: 5 } }
  const ask = (question: unknown) =>
    bus.ask(subjectOf(2), Buffer.from(typeof question === 'string' ? question : JSON.stringify(question)), 50)
  t.match(JSON.parse(String(await ask(good))), { total: 1 })
  for (const bad of [
    '',
    '{',
    '7',
    'null',
    [],
    { kind: 'restart' },
    { kind: 'search' },
    { kind: 'search', query: { ...good.query, by: 'constructor' } },
    { kind: 'search', query: { ...good.query, query: 'x'.repeat(201) } },
    { kind: 'search', query: { ...good.query, limit: 1e6 } },
    { kind: 'search', query: { ...good.query, after: -1 } },
    { kind: 'session', sid: '7', call: { call: 'kick', reason: null } },
    { kind: 'session', sid: 7, call: { call: 'kick', reason: 7 } },
    { kind: 'session', sid: 7, call: { call: 'kick', reason: 'x'.repeat(121) } },
    { kind: 'session', sid: 7 }
  ])
    t.equal(await ask(bad), undefined, JSON.stringify(bad))
  t.match(JSON.parse(String(await ask(good))), { total: 1 }, 'the session is there')
  t.same(gateways.lines, [])
})

t.test('what is no answer counts as silence', async t => {
  const gateways = new Gateways(1)
  const others = gateways.from(0, { silent: ['g9'] })
  const bus = gateways.network.join('a liar')
  let answer = ''
  bus.subscribe(subjectOf(100), (_bytes, reply) => bus.publish(reply!, Buffer.from(answer)))
  const own = await searchSessions(gateways.registries[0]!, {})
  for (answer of [
    '',
    '[]',
    '{"total":1,"sessions":{},"next":null}',
    '{"total":1,"sessions":[null],"next":null}',
    '{"total":-1,"sessions":[],"next":null}',
    '{"total":1,"sessions":[],"next":"x"}'
  ])
    t.same((await others.search({}, own)).silent, ['g9'], answer)
  for (answer of ['{"kind":"done"}', '{"kind":"done","uid":null,"detail":{"sid":1}}', '{"kind":"refused"}'])
    t.same(await others.ask(7, { call: 'session' }), { kind: 'absent', silent: ['g9'] }, answer)
})

t.test('the cluster is described: the own gateway first, the others and the links by name', async t => {
  const figures = { batches: 9, bytes: 900, resent: 1, gaps: 2, queueBytes: 3, unackedBytes: 4, lag: 5.4 }
  const link = (frontendId: string, start: number, hasRoom: boolean) =>
    ({ frontendId, start, version: 1, isOpen: true, hasRoom, figures: () => figures }) as unknown as Link
  const gateways = new Gateways(3)
  const { name, state, members, links } = gateways
    .from(1, { links: [link('g3', 3, false), link('g1', 1, true)] })
    .describe()
  t.same([name, state], ['test', 'up'])
  t.same(
    members.map(({ frontendId, own, silentFor }) => [frontendId, own, silentFor]),
    [
      ['g2', true, 0],
      ['g1', false, 12],
      ['g3', false, 12]
    ]
  )
  t.match(members[1], { start: 1, version: '1.2.3', state: 'up', ...load })
  t.same(
    links.map(({ frontendId, room, lag, resent }) => [frontendId, room, lag, resent]),
    [
      ['g1', true, 5, 1],
      ['g3', false, 5, 1]
    ]
  )
})

t.test('a gateway that begins a new start answers by its number, and no more by the old one', async t => {
  const network = new LocalNetwork()
  const gateways = new Gateways(1)
  gateways.open(0, 7, 'ann')
  let listener: MembershipListener = {}
  const membership = {
    start: 5,
    frontendId: 'g1',
    isDegraded: false,
    hasLease: true,
    others: [],
    isDead: async () => false,
    watch: (given: MembershipListener) => {
      listener = given
    }
  }
  const joined = createClusterConsole({
    name: 'test',
    version: '1.2.3',
    bus: network.join('g1'),
    membership,
    links: { all: [], broken: [], find: () => undefined, ofStart: () => undefined, read() {}, watch() {} },
    readState: () => 'up',
    readLoad: () => load,
    registry: gateways.registries[0]!,
    limits,
    log: createLogger('silent', () => {}),
    now: () => 1_000,
    monotonic: () => 0
  })
  const bus = network.join('console')
  const answers = async (start: number) =>
    (await bus.ask(
      subjectOf(start),
      writeLook({ kind: 'session', sid: 7, call: { call: 'session' } }),
      50
    )) !== undefined
  t.same([await answers(5), await answers(6)], [true, false])
  listener.restarted!(6)
  t.same([await answers(5), await answers(6)], [false, true])
  joined.end()
  listener.restarted!(7)
  t.same([await answers(6), await answers(7)], [false, false])
})
