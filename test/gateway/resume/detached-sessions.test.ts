import fc from 'fast-check'
import t from 'tap'
import { type DetachedLimits, DetachedSessions } from '../../../gateway/resume/detached-sessions.js'

const anything = Number.MAX_SAFE_INTEGER

function begin(limits: Partial<DetachedLimits> = {}) {
  return new DetachedSessions<string>({
    maxDetachedSessions: 0,
    maxDetachedSessionsPerAddress: 0,
    maxDetachedBytes: anything,
    ...limits
  })
}

/** Removes sessions until all limits hold. Returns them, in order. */
function shed(detached: DetachedSessions<string>): string[] {
  const gone: string[] = []
  for (let next = detached.findSurplus(); next !== undefined; next = detached.findSurplus()) {
    gone.push(next.item)
    detached.delete(next.item)
  }
  return gone
}

t.test('of an address that has more than one address may, who has waited longest goes', async t => {
  const detached = begin({ maxDetachedSessionsPerAddress: 2 })
  for (const item of ['a1', 'a2']) detached.add(item, 'a', 10)
  detached.add('b1', 'b', 1_000)
  t.equal(detached.findSurplus(), undefined)
  detached.add('a3', 'a', 10)
  t.same(detached.findSurplus(), { item: 'a1', limit: 'maxDetachedSessionsPerAddress', address: 'a' })
  t.same(shed(detached), ['a1'])
  detached.delete('a2')
  detached.add('a2', 'a', 10)
  detached.add('a4', 'a', 10)
  t.same(shed(detached), ['a3'], 'who came back and was lost again waits anew')
})

t.test('when there are too many, one of the address goes that has most, however old others are', async t => {
  const detached = begin({ maxDetachedSessions: 4 })
  detached.add('honest', 'a', 100_000)
  for (let n = 1; n <= 10; n++) {
    detached.add(`ghost ${n}`, 'b', 1)
    const surplus = detached.findSurplus()
    if (n <= 3) t.equal(surplus, undefined)
    else t.same(surplus, { item: `ghost ${n - 3}`, limit: 'maxDetachedSessions', address: 'b' })
    shed(detached)
  }
  t.same([detached.size, detached.bytes], [4, 100_003])
})

t.test('when they take too much, one of the address goes that takes most, however few it has', async t => {
  const detached = begin({ maxDetachedBytes: 1_000 })
  for (let n = 1; n <= 9; n++) detached.add(`small ${n}`, 'a', 50)
  detached.add('large 1', 'b', 300)
  detached.add('large 2', 'b', 250)
  t.equal(detached.findSurplus(), undefined, 'exactly as much as may')
  detached.resize('small 9', 51)
  t.same(detached.findSurplus(), { item: 'large 1', limit: 'maxDetachedBytes', address: 'b' })
  t.same(shed(detached), ['large 1'])
  t.equal(detached.bytes, 701)
  detached.resize('small 1', 400)
  t.same(shed(detached), ['small 1'])
})

t.test(
  'one that takes more than all may goes by itself, and one that is not there has no weight',
  async t => {
    const detached = begin({ maxDetachedBytes: 1_000 })
    detached.add('a', 'a', 1_001)
    t.same(shed(detached), ['a'])
    detached.resize('a', 5)
    detached.delete('a')
    t.same([detached.size, detached.bytes, detached.findSurplus()], [0, 0, undefined])
  }
)

t.test('whatever happens, all limits hold, and nobody goes while another address has more', async t => {
  const limits = { maxDetachedSessions: 8, maxDetachedSessionsPerAddress: 5, maxDetachedBytes: 60 }
  const step = fc.record({ item: fc.nat(20), address: fc.nat(3), bytes: fc.nat(20), leaves: fc.boolean() })
  const check = () =>
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), steps => {
        const detached = begin(limits)
        /** Oldest first. */
        const model = new Map<string, { address: string; bytes: number }>()
        const sum = (address?: string) => {
          const all = [...model.values()].filter(each => address === undefined || each.address === address)
          return { count: all.length, bytes: all.reduce((bytes, each) => bytes + each.bytes, 0) }
        }
        for (const { item: number, address: place, bytes, leaves } of steps) {
          const [item, address] = [String(number), String(place)]
          if (leaves) {
            detached.delete(item)
            model.delete(item)
          } else if (model.has(item)) {
            detached.resize(item, bytes)
            model.get(item)!.bytes = bytes
          } else {
            detached.add(item, address, bytes)
            model.set(item, { address, bytes })
          }
          for (let next = detached.findSurplus(); next !== undefined; next = detached.findSurplus()) {
            const { item: gone, limit, address: from } = next
            const by = limit === 'maxDetachedBytes' ? 'bytes' : 'count'
            const addresses = [...new Set([...model.values()].map(each => each.address))]
            const most = Math.max(...addresses.map(each => sum(each)[by]))
            const [oldest] = [...model].find(([, each]) => each.address === from)!
            if (sum(from)[by] !== most || gone !== oldest) return false
            detached.delete(gone)
            model.delete(gone)
          }
          const { count, bytes: all } = sum()
          if (count > 8 || all > 60 || detached.size !== count || detached.bytes !== all) return false
          if (['0', '1', '2', '3'].some(each => sum(each).count > 5)) return false
        }
        return true
      })
    )
  t.doesNotThrow(check)
})
