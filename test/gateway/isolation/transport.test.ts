/** The end of a transport, which is told once its cause is known and nothing more can arrive. */
import t from 'tap'
import { closingGrace, EndOnce } from '../../../gateway/isolation/transport.js'
import { tick } from '../../helpers/core.js'
import { HeldTime } from '../../helpers/held-time.js'

function create() {
  const told: string[] = []
  return { told, end: new EndOnce('it closed', ({ message }) => told.push(message)) }
}

t.test('a worker that never opened a channel ends at once, and once', async t => {
  const { told, end } = create()
  end.fail(new Error('first'))
  end.fail(new Error('second'))
  t.same(told, ['first'])
})

t.test('with an open channel the end waits for its close, and tells the first cause', async t => {
  const { told, end } = create()
  end.channelOpened()
  end.fail(new Error('first'))
  end.fail(new Error('second'))
  t.same(told, [])
  t.ok(end.hasOpenChannel)
  end.channelClosed()
  t.same(told, ['first'])
  end.channelClosed()
  t.same(told, ['first'])
})

t.test('a channel that closes before the cause is known waits for it', async t => {
  const { told, end } = create()
  end.channelOpened()
  end.channelClosed()
  t.same(told, [])
  end.fail(new Error('first'))
  t.same(told, ['first'])
})

t.test('after a while the end is told though half of it is missing', async t => {
  const time = new HeldTime(t)
  const [silent, open] = [create(), create()]
  silent.end.channelOpened()
  silent.end.channelClosed()
  open.end.channelOpened()
  open.end.fail(new Error('first'))
  time.pass(closingGrace - 1)
  t.same([silent.told, open.told], [[], []])
  time.pass(1)
  // Messages that came meanwhile are read first.
  t.same([silent.told, open.told], [[], []])
  await tick()
  t.same([silent.told, open.told], [['it closed'], ['first']])
})
