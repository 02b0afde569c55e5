import fc from 'fast-check'
import t from 'tap'
import { idealLatencies, type QueuedRequest } from '../../../bench/figures/ideal-queue.js'

const requestsOf = (...pairs: [at: number, service: number][]): QueuedRequest[] =>
  pairs.map(([at, service]) => ({ at, service }))

t.test('who comes while a server is free waits for nothing', async t => {
  t.same(idealLatencies(requestsOf([0, 5], [10, 5], [20, 1]), 1), [5, 5, 1])
  t.same(idealLatencies(requestsOf([0, 20], [1, 20], [2, 1]), 3), [20, 20, 1])
})

t.test('with one server, who comes waits for all before', async t => {
  t.same(idealLatencies(requestsOf([0, 10], [1, 2], [2, 3], [20, 1]), 1), [10, 11, 13, 1])
})

t.test('with two servers, who comes waits for the one that is free first', async t => {
  // 0–10 and 1–5 are served; 2 waits for 5 and ends at 9; 3 waits for 9 and ends at 10.
  t.same(idealLatencies(requestsOf([0, 10], [1, 4], [2, 4], [3, 1]), 2), [10, 4, 7, 7])
})

t.test('nobody overtakes: a short request behind two long ones waits for one of them', async t => {
  t.same(idealLatencies(requestsOf([0, 20], [0, 30], [5, 1], [6, 1]), 2), [20, 30, 16, 16])
})

/** Whole numbers, so that sums are exact. */
const anyRequests = fc
  .array(fc.record({ gap: fc.nat(20), service: fc.integer({ min: 1, max: 40 }) }), { maxLength: 60 })
  .map(all => {
    let at = 0
    return all.map(({ gap, service }): QueuedRequest => ({ at: (at += gap), service }))
  })
const anyServers = fc.integer({ min: 1, max: 5 })

interface Served extends QueuedRequest {
  readonly start: number
  readonly end: number
}

function serve(requests: readonly QueuedRequest[], servers: number): Served[] {
  const latencies = idealLatencies(requests, servers)
  return requests.map(({ at, service }, i) => ({
    at,
    service,
    start: at + latencies[i]! - service,
    end: at + latencies[i]!
  }))
}

function busyAt(all: readonly Served[], moment: number): number {
  return all.filter(({ start, end }) => start <= moment && moment < end).length
}

t.test('whatever comes, nobody starts before they came, nor before those who came before', async () => {
  fc.assert(
    fc.property(anyRequests, anyServers, (requests, servers) => {
      const all = serve(requests, servers)
      return all.every(({ at, start }, i) => start >= at && (i === 0 || start >= all[i - 1]!.start))
    })
  )
})

t.test('whatever comes, as many are served at a time as there are servers while somebody waits', async () => {
  fc.assert(
    fc.property(anyRequests, anyServers, (requests, servers) => {
      const all = serve(requests, servers)
      const moments = all.flatMap(({ at, start, end }) => [at, start, end])
      return moments.every(moment => {
        const busy = busyAt(all, moment)
        const isAwaited = all.some(({ at, start }) => at <= moment && moment < start)
        return busy <= servers && (!isAwaited || busy === servers)
      })
    })
  )
})

t.test("with one server each wait follows from the one before, by Lindley's recursion", async () => {
  fc.assert(
    fc.property(anyRequests, requests => {
      let wait = 0
      return idealLatencies(requests, 1).every((latency, i) => {
        if (i > 0) {
          const before = requests[i - 1]!
          wait = Math.max(0, wait + before.service - (requests[i]!.at - before.at))
        }
        return latency === wait + requests[i]!.service
      })
    })
  )
})
