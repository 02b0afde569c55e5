/** Holds what a cluster is told of names: a channel's and a user's first session, and the last. */
import t from 'tap'
import { Channels, type NameSource } from '../../../gateway/sessions/channels.js'
import { Registry } from '../../../gateway/sessions/registry.js'
import { Metrics } from '../../../gateway/telemetry/metrics.js'
import { FakeReceiver } from '../../helpers/fake-receiver.js'

function createRegistry(): Registry {
  return new Registry({
    frontendId: 'gateway-1',
    singleSession: 'kick',
    maxResumeWindow: 0,
    metrics: new Metrics(),
    now: () => 0
  })
}

/** Lists what a source tells, and that its names agree with it. */
function watch(source: NameSource): { take(): string[] } {
  let told: string[] = []
  const check = (name: string, isThere: boolean) => {
    if ([...source.names()].includes(name) !== isThere) told.push(`${name} is wrong`)
  }
  source.watchNames({
    first: name => {
      told.push(`+${name}`)
      check(name, true)
    },
    last: name => {
      told.push(`-${name}`)
      check(name, false)
    }
  })
  return {
    take() {
      const taken = told
      told = []
      return taken
    }
  }
}

const ended = { code: 1000, reason: 'left', kickReason: null }

t.test('a channel tells of its first member and its last', async t => {
  const registry = createRegistry()
  const channels = new Channels({ maxChannels: 2, maxMembers: 2 })
  const told = watch(channels.members)
  const [one, two, three] = [1, 2, 3].map(() => registry.open(new FakeReceiver()))
  channels.join(one!, 'x')
  channels.join(two!, 'x')
  channels.join(two!, 'x')
  channels.join(three!, 'x')
  t.same(told.take(), ['+x'], 'once')
  channels.leave(three!, 'x')
  channels.leave(one!, 'x')
  t.same(told.take(), [])
  channels.join(two!, 'y')
  channels.leaveAll(two!)
  t.same(told.take(), ['+y', '-x', '-y'])
  channels.join(one!, 'z')
  channels.join(two!, 'z')
  channels.destroy('z')
  channels.destroy('z')
  channels.destroy('none')
  t.same(told.take(), ['+z', '-z'])
})

t.test("a registry tells of a user's first session and the last", async t => {
  const registry = createRegistry()
  const told = watch(registry.users)
  const one = registry.open(new FakeReceiver(), undefined, { uid: 'ann', settings: [] })
  t.same(told.take(), ['+ann'])
  const two = registry.open(new FakeReceiver())
  registry.bind(two, 'ben')
  t.same(told.take(), ['+ben'])
  registry.unbind(two, 'ben')
  t.same(told.take(), ['-ben'])
  registry.bind(two, 'ann')
  t.equal(one.isOpen, false)
  t.same(told.take(), ['-ann', '+ann'], 'a session that replaces another comes behind it')
  registry.end(two, ended)
  registry.end(two, ended)
  t.same(told.take(), ['-ann'])
})
