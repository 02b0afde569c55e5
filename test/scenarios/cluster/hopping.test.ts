/**
 * Clients that hop between the gateways of a cluster all the time, whatever they have under way: to another
 * one and back before their session has moved, away for longer than it is kept, and kicked in the midst.
 */
import t from 'tap'
import { cuts } from '../../../testing/tcp-proxy.js'
import { startMovers } from '../../helpers/cluster/movers.js'
import { matchRows } from '../../helpers/match-rows.js'
import { fixture } from '../../helpers/paths.js'
import { until } from '../../helpers/until.js'

const hopFor = 6_000
const players = 20

/** A session is kept for less time than some clients stay away. */
const options = { resumeWindow: 1_500, unboundResumeWindow: 1_500, maxDetachedSessionsPerAddress: 0 }

function below(most: number): number {
  return Math.floor(Math.random() * most)
}

function pause(ms: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, ms))
}

t.test(
  'whatever clients do that hop from gateway to gateway, nothing of them is left at the end',
  async t => {
    const { gateways, join, lines } = await startMovers(
      t,
      ['a', 'b', 'c'],
      options,
      fixture('handlers-returning')
    )
    const some = () => gateways[below(gateways.length)]!
    const closed: number[] = []
    for (const { sessions } of gateways) sessions.on('closed', ({ id }) => closed.push(id))
    const end = performance.now() + hopFor
    const ignore = () => {}
    const play = async (uid: string) => {
      while (performance.now() < end) {
        const { client, proxy, goTo } = await join(some())
        await client.request('player.login', { uid }).catch(ignore)
        for (
          let step = below(100);
          step > 0 && client.state !== 'closed' && performance.now() < end;
          step--
        ) {
          client.request('player.dawdle', { ms: below(below(10) === 0 ? 2_600 : 400) }).catch(ignore)
          await pause(below(60))
          if (below(3) === 0) {
            goTo(some())
            proxy.cut(cuts[below(cuts.length)]!)
          }
          if (below(12) === 0) {
            proxy.isDown = true
            proxy.cut('reset')
            await pause(below(below(4) === 0 ? 2_500 : 300))
            proxy.isDown = false
          }
          if (below(60) === 0) for (const { sessions } of gateways) sessions.kick(uid, 'enough')
        }
        client.close()
        // Ends those connections, too, that were cut without a word.
        await proxy.close()
      }
    }
    await Promise.all(Array.from({ length: players }, (_, n) => play(`player ${n}`)))
    const leftAt = () =>
      gateways.flatMap(gateway => {
        const { sessionsInTransit, detachedSessions, detachedBytes, ...other } = gateway.metrics()
        const { requestsRunning, requestsWaiting, connections } = other
        const sessions = gateway.sessions.getSessionsCount()
        const left = { sessions, sessionsInTransit, detachedSessions, detachedBytes, connections }
        return Object.entries({ ...left, requestsRunning, requestsWaiting }).filter(([, count]) => count > 0)
      })
    await until('nothing is left', () => leftAt().length === 0).catch(() => t.same(leftAt(), []))
    t.equal(new Set(closed).size, closed.length, 'each session has ended once')
    const moved = gateways.reduce((sum, gateway) => sum + gateway.metrics().sessionsMovedIn, 0)
    t.ok(moved > 0, `${moved} moves of ${closed.length} sessions`)
    matchRows(
      t,
      lines.flat().filter(({ level }) => level === 'error'),
      []
    )
  }
)
