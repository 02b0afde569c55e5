/** The short form of `npm run races -- --gateways 3`: logins race while sessions move and one restarts. */
import t from 'tap'
import { Balancer } from '../../../tools/cluster/balancer.js'
import { startCluster } from '../../helpers/cluster.js'
import { type RunningGateway, startProxy } from '../../helpers/gateway.js'
import { fixture } from '../../helpers/paths.js'
import { findDoubleLogins, LoginRaces } from '../../helpers/races/login-races.js'
import { sharedClock } from '../../helpers/races/record.js'
import { recordBinds } from '../../helpers/races/record-binds.js'
import { until } from '../../helpers/until.js'

/** Rounds that all users have together, before and behind a drain. */
const rounds = 8

t.test('with reject a user has one session, whatever moves and restarts', async t => {
  const mode = 'reject' as const
  const options = { singleSession: mode, drainSpread: 50, handoverTimeout: 2_000, heartbeat: 500 }
  const cluster = await startCluster(t, fixture('handlers-cluster'), { options })
  const records: { text: string }[] = []
  const record = ({ gateway }: RunningGateway) => {
    const own = { text: '' }
    const note = (kind: string) => (sid: number, uid: string) => {
      own.text += `${sharedClock()} ${kind} ${sid} ${uid}\n`
    }
    recordBinds(gateway.sessions, { bound: note('bound'), end: note('end') })
    records.push(own)
  }
  const running = [...cluster.gateways]
  for (const each of running) record(each)
  const places = () => running.map(({ gateway }) => ({ host: '127.0.0.1', port: gateway.address.port }))
  const balancer = await Balancer.open(0, places)
  t.teardown(() => balancer.close())
  const proxy = await startProxy(t, balancer.port)
  const sessions = async () =>
    running.flatMap(({ gateway }) => {
      const all: { sid: number; uid: string | null }[] = []
      gateway.sessions.forEachSession(({ id: sid, uid }) => all.push({ sid, uid }))
      return all
    })
  const races = new LoginRaces({ gateways: { url: proxy.url, sessions }, users: 3, devices: 2, mode })
  let moved = 0
  const play = async () => {
    const cut = () => void proxy.cut('reset', 0.3)
    const timer = setInterval(cut, 100)
    // A gateway may have no session just when it is drained: then the next one is drained too.
    for (const name of ['a', 'b', 'a', 'b', 'a', 'b']) {
      const before = races.rounds
      await until('rounds have passed', () => races.rounds >= before + rounds, 30_000)
      const first = running.shift()!
      await first.gateway.drain()
      const next = await cluster.start(name)
      record(next)
      running.push(next)
      const behind = races.rounds
      await until('more rounds have passed', () => races.rounds >= behind + rounds, 30_000)
      moved += [first, ...running].reduce((sum, { gateway }) => sum + gateway.metrics().sessionsMovedIn, 0)
      if (moved > 0) break
    }
    clearInterval(timer)
  }
  const report = await races.run(play())
  t.comment(JSON.stringify(report))
  t.same(report.faults, [])
  t.same(findDoubleLogins(records), [])
  t.ok(moved > 0, `${moved} sessions moved`)
})
