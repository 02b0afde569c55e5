/** A life of a scenario: waits for events, the end of the run, and what is counted. */
import t from 'tap'
import { createFigures } from '../../../tools/players/figures.js'
import { Life } from '../../../tools/players/life.js'
import { startGateway } from '../../helpers/gateway.js'

const { gateway } = await startGateway(t, 'tools')

function live(run: AbortController = new AbortController()) {
  const figures = createFigures()
  const plan = { url: gateway.url, user: undefined, timeout: 30_000 }
  const life = new Life({ plan, figures, signal: run.signal, index: 7, life: 2 })
  t.teardown(() => life.end())
  return { life, figures, run }
}

t.test('a wait takes the oldest event that no wait has taken, also one that came before', async t => {
  const { life, figures } = live()
  await life.connect()
  for (const name of ['a', 'b', 'c', 'd']) await life.request('player.greet', { name })
  t.same(await life.waitFor('greeting'), { hello: 'a' })
  t.same(await life.waitFor('greeting'), { hello: 'b' })
  const where = (body: unknown) => (body as { hello: string }).hello === 'd'
  t.same(await life.waitFor('greeting', { where }), { hello: 'd' }, 'and passes others over')
  const next = life.waitFor('greeting')
  await life.request('player.greet', { name: 'e' })
  t.same(await next, { hello: 'e' })
  t.equal(figures.steps.get('wait greeting')!.ok, 4)
  t.equal(figures.events, 5)
})

t.test('a wait for any of several events takes the first one, and leaves the later ones', async t => {
  const { life, figures } = live()
  await life.connect()
  await life.request('player.greet', { name: 'a' })
  await life.request('player.greet', { name: 'b' })
  t.same(await life.waitForAny(['over', 'greeting']), { event: 'greeting', body: { hello: 'a' } })
  const next = life.waitForAny(['over', 'greeting'], {
    where: body => (body as { hello: string }).hello === 'c'
  })
  await life.request('player.greet', { name: 'c' })
  t.same(await next, { event: 'greeting', body: { hello: 'c' } }, 'others are passed over')
  await life.request('player.greet', { name: 'd' })
  t.same(await life.waitFor('greeting'), { hello: 'd' })
  t.equal(figures.steps.get('wait over | greeting')!.ok, 2)
  await t.rejects(life.waitForAny(['over', 'never'], { timeout: 5 }), {
    code: 'WAIT_TIMED_OUT',
    message: 'No event "over" or "never" came within 5 ms'
  })
})

t.test('a wait in vain is an error under its name, and its time counts', async t => {
  const { life, figures } = live()
  await life.connect()
  await t.rejects(life.waitFor('never', { timeout: 5 }), {
    code: 'WAIT_TIMED_OUT',
    message: 'No event "never" came within 5 ms'
  })
  const { ok, errors, times } = figures.steps.get('wait never')!
  t.equal(ok, 0)
  t.equal(times.count, 1)
  t.same([...errors.keys()], ['WAIT_TIMED_OUT'])
})

t.test('the end of the run rejects each step that waits, and counts none of them', async t => {
  const { life, figures, run } = live()
  await life.connect()
  const steps = [
    life.request('player.wait'),
    life.waitFor('never'),
    life.sleep(3_600_000),
    life.measure('all', () => life.sleep(3_600_000))
  ]
  run.abort()
  for (const step of steps) await t.rejects(step, { name: 'RunEnded' })
  await t.rejects(life.connect(), { name: 'RunEnded' })
  t.same([...figures.steps.keys()], ['(connect)'])
})

t.test('after the end of the run nothing more is sent, and nothing is counted', async t => {
  const { life, figures, run } = live()
  await life.connect()
  run.abort()
  const { requests, notifies } = gateway.metrics()
  await t.rejects(life.request('player.echo', 1), { name: 'RunEnded' })
  await t.rejects(life.waitFor('never', { timeout: 1 }), { name: 'RunEnded' })
  await t.rejects(life.sleep(1), { name: 'RunEnded' })
  await t.rejects(
    life.measure('goodbye', async () => {}),
    { name: 'RunEnded' }
  )
  t.throws(() => life.notify('player.echo', 1), { name: 'RunEnded' })
  t.throws(() => life.cut(), { name: 'RunEnded' })
  // It comes behind whatever was sent before.
  await life.client.request('player.echo', 1)
  const { requests: later, notifies: laterNotifies } = gateway.metrics()
  t.same([later - requests, laterNotifies - notifies], [1, 0])
  t.same([...figures.steps.keys()], ['(connect)'])
  t.equal(figures.waiting.size, 0)
})

t.test('what is being measured when the run ends is not counted, whatever becomes of it', async t => {
  const { life, figures, run } = live()
  let end = () => {}
  const over = new Promise<void>(resolve => {
    end = resolve
  })
  const measured = life.measure('all', () => over)
  run.abort()
  end()
  await t.rejects(measured, { name: 'RunEnded' })
  t.equal(figures.steps.size, 0)
})

t.test('a `where` that throws is an error of its wait, and leaves the event to others', async t => {
  const { life, figures } = live()
  await life.connect()
  const where = (): boolean => {
    throw new TypeError('there is no list')
  }
  const [broken, next] = [life.waitFor('greeting', { where }), life.waitFor('greeting')]
  await Promise.all([
    t.rejects(broken, { message: 'there is no list' }),
    life.request('player.greet', { name: 'a' })
  ])
  t.same(await next, { hello: 'a' })
  await life.request('player.greet', { name: 'b' })
  await t.rejects(life.waitFor('greeting', { where }), { message: 'there is no list' }, 'also at once')
  t.equal(figures.steps.get('wait greeting')!.errors.get('TypeError')!.count, 2)
})

t.test('a wait that its scenario has left behind waits for nobody at the end of the run', async t => {
  const { life, figures, run } = live()
  await life.connect()
  const left = life.waitFor('never')
  life.end()
  run.abort()
  await t.rejects(left, { name: 'RunEnded' })
  t.equal(figures.waiting.size, 0)
})

t.test('a wait for no event at all is refused', async t => {
  const { life } = live()
  await life.connect()
  await t.rejects(life.waitForAny([]), { message: 'Expected the names of events to wait for, got none' })
})

t.test('a step before `connect` is refused, with what is missing', async t => {
  const { life } = live()
  t.throws(() => life.client, { message: /the scenario has not called `await player\.connect\(\)` yet/ })
  t.throws(() => life.notify('player.echo'), { code: 'CONNECTION_CLOSED' })
})

t.test('a cut is counted, and the session goes on', async t => {
  const { life, figures } = live()
  await life.connect()
  life.cut()
  t.equal(await life.request('player.echo', 1), 1)
  t.match(figures, { cuts: 1, resumed: 1, sessionsLost: 0, open: 1 })
  t.equal(figures.failures.size, 0)
  t.equal(figures.steps.get('(resume)')!.ok, 1)
  life.end()
  t.equal(figures.open, 0)
})

t.test(
  'a request under way when its connection is closed by the scenario or the end is not counted',
  async t => {
    const { life, figures } = live()
    await life.connect()
    const step = life.request('player.wait')
    life.end()
    await t.rejects(step, { name: 'RunEnded' })
    t.same([...figures.steps.keys()], ['(connect)'])
    t.equal(figures.done, 0)
  }
)

t.test('a connection that nobody has waited for is closed, though its life is over', async t => {
  const { life, figures } = live()
  const { connectionsOpened = 0 } = gateway.metrics()
  const left = life.connect()
  life.end()
  await t.rejects(left, { name: 'RunEnded' })
  t.equal(gateway.metrics()['connectionsOpened'], connectionsOpened + 1)
  t.equal(figures.open, 0)
  await t.rejects(life.connect(), { name: 'RunEnded' }, 'and there is no other one')
})

t.test('of two connections that are made at once, the later one stays', async t => {
  const { life, figures } = live()
  const [first, second] = [life.connect(), life.connect()]
  await t.rejects(first, { code: 'CONNECTION_CLOSED', message: /the scenario has connected again/ })
  await second
  t.equal(figures.open, 1)
  t.equal(await life.request('player.echo', 1), 1)
})
