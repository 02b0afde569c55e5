import t, { type Test } from 'tap'
import { HostHooks } from '../../../gateway/host/host-hooks.js'
import { resolveOptions } from '../../../gateway/options/resolve-options.js'
import { createLogger } from '../../../shared/text/log.js'

const gateway = { name: 'the gateway' }

function create(_t: Test, hooks: object, closeTimeout = 60_000) {
  const lines: string[] = []
  const log = createLogger('debug', (level, message) => lines.push(`${level} ${message}`))
  const options = resolveOptions({ handlers: '/h', log, closeTimeout, ...hooks })
  return { hooks: new HostHooks(options), lines }
}

t.test('the hooks of the host get the gateway, each once', async t => {
  const calls: unknown[] = []
  const { hooks } = create(t, {
    onStart: (...args: unknown[]) => void calls.push(['start', ...args]),
    onStop: (...args: unknown[]) => void calls.push(['stop', ...args])
  })
  await hooks.start(gateway)
  await hooks.start(gateway)
  await hooks.stop(gateway)
  await hooks.stop(gateway)
  t.same(calls, [
    ['start', gateway],
    ['stop', gateway]
  ])
})

t.test('onStop is not called for a gateway that never listened', async t => {
  const { hooks } = create(t, { onStop: () => t.fail('called') })
  await hooks.stop(gateway)
})

t.test(
  'an error of onStart is told and passed on, and onStop is called to release what it had begun',
  async t => {
    let stops = 0
    const { hooks, lines } = create(t, {
      onStart: () => {
        throw new Error('no database')
      },
      onStop: () => void stops++
    })
    await t.rejects(hooks.start(gateway), { message: 'no database' })
    await hooks.stop(gateway)
    t.equal(stops, 1)
    t.same(lines, ['error onStart of the host has failed: the gateway does not start'])
  }
)

t.test('onStop waits for an onStart that still runs', async t => {
  const calls: string[] = []
  let go = () => {}
  const { hooks } = create(t, {
    onStart: async () => {
      await new Promise<void>(resolve => (go = resolve))
      calls.push('start')
    },
    onStop: () => void calls.push('stop')
  })
  const started = hooks.start(gateway)
  const stopped = hooks.stop(gateway)
  go()
  await started
  await stopped
  t.same(calls, ['start', 'stop'])
})

t.test('an error of onStop is logged, and one that never ends is left alone after closeTimeout', async t => {
  const failing = create(t, { onStop: () => Promise.reject(new Error('gone')) })
  await failing.hooks.start(gateway)
  await failing.hooks.stop(gateway)
  t.same(failing.lines, ['error onStop of the host has failed'])
  const hanging = create(t, { onStop: () => new Promise<void>(() => {}) }, 1)
  await hanging.hooks.start(gateway)
  await hanging.hooks.stop(gateway)
  t.equal(hanging.lines.length, 1)
  t.match(hanging.lines[0], /^warn onStop of the host has not ended/)
  const waiting = create(t, { onStart: () => new Promise<void>(() => {}) }, 1)
  void waiting.hooks.start(gateway)
  await waiting.hooks.stop(gateway)
  t.same(waiting.lines, ['warn onStart of the host has not ended within closeTimeout, and is left alone'])
})
