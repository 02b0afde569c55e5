import t from 'tap'
import { createEvent } from '../../../gateway/events/event.js'
import { Channels, sendToAll } from '../../../gateway/sessions/channels.js'
import { Session } from '../../../gateway/sessions/session.js'
import { FakeReceiver } from '../../helpers/fake-receiver.js'

let lastSid = 0
const open = () => new Session('gateway-1', ++lastSid, new FakeReceiver())
const create = (maxChannels = 10, maxMembers = 10) => new Channels({ maxChannels, maxMembers })

t.test('a channel comes to be with its first member and ceases with its last', async t => {
  const channels = create()
  const [red, blue] = [open(), open()]
  t.same([channels.size, [...channels.membersOf('room')]], [0, []])
  channels.join(red, 'room')
  channels.join(blue, 'room')
  t.equal(channels.size, 1)
  channels.leave(red, 'room')
  t.same([...channels.membersOf('room')], [blue])
  channels.leave(blue, 'room')
  t.equal(channels.size, 0)
  t.notOk(blue.channels?.size)
})

t.test('members are listed in the order in which they joined, and to join again changes nothing', async t => {
  const channels = create()
  const [red, blue] = [open(), open()]
  channels.join(blue, 'room')
  channels.join(red, 'room')
  t.equal(channels.join(blue, 'room'), undefined)
  t.same([...channels.membersOf('room')], [blue, red])
})

t.test('who leaves a channel that it is not in, or that is none, leaves nothing', async t => {
  const channels = create()
  const [red, blue] = [open(), open()]
  channels.join(red, 'room')
  channels.leave(blue, 'room')
  channels.leave(red, 'elsewhere')
  channels.leaveAll(blue)
  t.same([...channels.membersOf('room')], [red])
})

t.test('who ends leaves all channels, and those that are empty then cease', async t => {
  const channels = create()
  const [red, blue] = [open(), open()]
  for (const name of ['a', 'b', 'c']) channels.join(red, name)
  channels.join(blue, 'b')
  channels.leaveAll(red)
  t.same([...channels.membersOf('b')], [blue])
  t.equal(channels.size, 1)
  t.equal(red.channels?.size, 0)
})

t.test('a session is in at most maxChannels, and may join again when it has left one', async t => {
  const channels = create(2)
  const red = open()
  channels.join(red, 'a')
  channels.join(red, 'b')
  t.match(channels.join(red, 'c'), {
    code: 'TOO_MANY_CHANNELS',
    message: 'The session can\'t join "c": it is in 2 channels, which is the limit'
  })
  t.equal(channels.size, 2, 'a channel that nobody could join is none')
  t.equal(channels.join(red, 'a'), undefined, 'where it is already it stays')
  channels.leave(red, 'a')
  t.equal(channels.join(red, 'c'), undefined)
})

t.test('a channel takes at most maxMembers, and another when one has left', async t => {
  const channels = create(10, 2)
  const [red, blue, green] = [open(), open(), open()]
  channels.join(red, 'room')
  channels.join(blue, 'room')
  t.match(channels.join(green, 'room'), {
    code: 'CHANNEL_FULL',
    message: '"room" has 2 members, which is the limit'
  })
  t.notOk(green.channels?.has('room'))
  channels.leaveAll(red)
  t.equal(channels.join(green, 'room'), undefined)
})

t.test('a channel that is destroyed has no members, and its members are not in it', async t => {
  const channels = create(1)
  const red = open()
  channels.join(red, 'room')
  channels.destroy('room')
  channels.destroy('room')
  t.same([channels.size, [...channels.membersOf('room')]], [0, []])
  t.equal(channels.join(red, 'another'), undefined, 'it does not count any more')
})

t.test('names that objects have are names like any other', async t => {
  const channels = create()
  for (const name of ['__proto__', 'constructor', 'toString', ' ', '\n']) {
    const red = open()
    t.same([...channels.membersOf(name)], [])
    channels.join(red, name)
    t.same([...channels.membersOf(name)], [red])
  }
})

t.test(
  'an event is sent to all but those excepted and those without a client, and they are counted',
  async t => {
    const [red, blue, gone] = [open(), open(), open()]
    gone.close()
    const event = createEvent('tick', 1)
    t.equal(sendToAll([red, blue, gone], event), 2)
    t.equal(sendToAll([red, blue, gone], event, new Set([red.sid])), 1)
    t.equal(sendToAll([], event), 0)
    t.same((red.receiver as FakeReceiver).events, [['tick', '1']])
    t.same((blue.receiver as FakeReceiver).events.length, 2)
  }
)

t.test('an event that is rich only reaches those who can read it, and they are counted', async t => {
  const [red, blue] = [open(), open()]
  const reds = Object.assign(red.receiver as FakeReceiver, { readsRich: true })
  t.equal(sendToAll([red, blue], createEvent('teams', new Map(), { richOnly: true })), 1)
  t.equal(sendToAll([red, blue], createEvent('tick', 1, { richOnly: false })), 2)
  t.same(
    reds.events.map(([name]) => name),
    ['teams', 'tick']
  )
  t.same((blue.receiver as FakeReceiver).events, [['tick', '1']])
})

t.test('a receiver that is closed in the middle of it gets nothing, and the others all', async t => {
  const [red, blue, green] = [open(), open(), open()]
  const seen: string[] = []
  red.receiver = Object.assign(new FakeReceiver(), {
    event() {
      seen.push('red')
      blue.close()
      return true
    }
  })
  const blues = blue.receiver as FakeReceiver
  t.equal(sendToAll([red, blue, green], createEvent('tick')), 2)
  t.same([seen, blues.events, (green.receiver as FakeReceiver).events.length], [['red'], [], 1])
})
