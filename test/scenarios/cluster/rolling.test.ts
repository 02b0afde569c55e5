/**
 * Gateways that are replaced one after the other while clients hop, lose their connections and come back at
 * any of them: each goes on with its session, or is told that it was kicked meanwhile.
 */
import t from 'tap'
import type { Gateway } from '../../../gateway/index.js'
import { closeCodes } from '../../../shared/close-codes.js'
import { cuts } from '../../../testing/tcp-proxy.js'
import { startMovers } from '../../helpers/cluster/movers.js'
import { matchRows } from '../../helpers/match-rows.js'
import { fixture } from '../../helpers/paths.js'
import { until } from '../../helpers/until.js'

const rollFor = 8_000
const players = 10

/** What stays away during a drain is parked, and longest is away for less time than a session waits. */
const options = {
  park: true,
  handoverTimeout: 300,
  drainSpread: 50,
  resumeWindow: 10_000,
  unboundResumeWindow: 10_000,
  maxDetachedSessionsPerAddress: 0
}
const longestAway = 3_000

function below(most: number): number {
  return Math.floor(Math.random() * most)
}

function pause(ms: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, ms))
}

t.test('while gateways are replaced, each client goes on, or is told that it was kicked', async t => {
  const cluster = await startMovers(t, ['a', 'b', 'c'], options, fixture('handlers-returning'))
  const { join, start, lines } = cluster
  const up = new Set(cluster.gateways)
  const all = new Set(cluster.gateways)
  const some = () => [...up][below(up.size)]!
  const playing = new Set<Awaited<ReturnType<typeof join>>>()
  const outcomes = { kicked: 0, went: 0, drains: 0 }
  const lost: unknown[] = []
  const end = performance.now() + rollFor

  /** Replaces a gateway. Clients whose balancer it is are sent elsewhere from then on. */
  const replace = async (gateway: Gateway) => {
    up.delete(gateway)
    for (const { proxy, goTo } of playing) if (proxy.port === gateway.address.port) goTo(some())
    await gateway.drain()
    all.delete(gateway)
    outcomes.drains++
    const next = await start(gateway.options.frontendId)
    lines.push(next.lines)
    up.add(next.gateway)
    all.add(next.gateway)
  }

  const sessionsOf = (uid: string) => [...all].flatMap(({ sessions }) => sessions.getByUid(uid))

  /** Kicks a user whose client is away, wherever their session is. undefined: that has failed. */
  const kick = (uid: string) =>
    some()
      .sessions.akick(uid, 'enough')
      .then(() => true)
      .catch(() => undefined)

  /** Joins by the balancer: a client that comes to a gateway which is just being replaced comes again. */
  const enter = async (): Promise<Awaited<ReturnType<typeof join>>> => {
    const gateway = some()
    try {
      return await join(gateway)
    } catch (error) {
      if (up.has(gateway)) throw error
      return enter()
    }
  }

  const play = async (uid: string) => {
    const player = await enter()
    playing.add(player)
    const { client, proxy, losses, goTo } = player
    // Their gateway may be replaced by now.
    if (![...up].some(({ address }) => address.port === proxy.port)) goTo(some())
    await client.request('player.login', { uid })
    for (let hops = below(4); hops > 0; hops--) {
      await pause(below(300))
      goTo(some())
      proxy.cut(cuts[below(cuts.length)]!)
    }
    await client.request('player.dawdle', { ms: 1 })
    proxy.isDown = true
    proxy.cut('reset')
    await until('no gateway has them', () => sessionsOf(uid).every(({ isConnected }) => !isConnected))
    const isKicked = below(2) === 0 ? await kick(uid) : false
    await pause(below(longestAway))
    goTo(some())
    proxy.isDown = false
    await until('they are back, or out', () => client.state === 'open' || client.state === 'closed')
    const isOut = (client.error?.data as { code?: number } | undefined)?.code === closeCodes.kicked
    if (isKicked !== undefined && (losses.length > 0 || isOut !== isKicked))
      lost.push({ uid, isKicked, state: client.state, error: String(client.error), losses })
    else outcomes[isOut ? 'kicked' : 'went']++
    client.close()
    playing.delete(player)
    await proxy.close()
  }

  let count = 0
  const playOn = async () => {
    while (performance.now() < end) await play(`player ${count++}`)
  }
  const roll = async () => {
    while (performance.now() < end) await replace(some())
  }
  await Promise.all([roll(), ...Array.from({ length: players }, playOn)])
  t.same(lost, [], `of ${count} players: ${JSON.stringify(outcomes)}`)
  for (const [name, times] of Object.entries(outcomes)) t.ok(times > 0, name)
  matchRows(
    t,
    lines.flat().filter(({ level }) => level === 'error'),
    []
  )
})
