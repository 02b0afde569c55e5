import t from 'tap'
import { WaitingSockets } from '../../../gateway/http/waiting-sockets.js'

t.test('of the address with most waiting sockets, the one that has waited longest makes room', async t => {
  const waiting = new WaitingSockets<{ address: string }>()
  t.equal(waiting.findGreediest(), undefined)
  const [alone, first, second] = ['192.0.2.1', '192.0.2.2', '192.0.2.2'].map(address => ({ address }))
  for (const each of [alone!, first!, second!]) waiting.add(each)
  t.equal(waiting.findGreediest(), first)
  waiting.delete(first!)
  waiting.delete(first!)
  t.equal(waiting.findGreediest(), alone)
  waiting.delete(alone!)
  waiting.delete(second!)
  t.equal(waiting.size, 0)
})
