/** The end of a worker's thread: nothing that is asked of it afterwards starts another one. */
import { once } from 'node:events'
import t from 'tap'
import { createStartTransport } from '../../../gateway/isolation/start-transport.js'
import { Metrics } from '../../../gateway/telemetry/metrics.js'
import { createClaimTable } from '../../../shared/link/claims.js'
import { handlersFolder } from '../../helpers/gateway.js'
import { until } from '../../helpers/until.js'
import { workerSetup } from '../../helpers/worker-setup.js'

const setup = { ...workerSetup, handlers: handlersFolder('session'), claims: createClaimTable() }

const start = createStartTransport(
  { isolation: 'thread', workerArgv: ['--enable-source-maps'], workerHeap: 0 },
  new Metrics()
)

for (const how of ['the gateway has ended it', 'it has ended by itself'] as const) {
  t.test(`once ${how}, nothing starts another thread`, async t => {
    let started = 0
    const count = () => started++
    process.on('worker', count)
    t.teardown(() => process.off('worker', count))
    const ends: Error[] = []
    const begun = once(process, 'worker')
    const thread = start({
      setup: { ...setup, ...(how === 'it has ended by itself' && { handlers: '/no/such/folder' }) },
      onMessage() {},
      onUnreadable() {},
      onForeign() {},
      onEnd: cause => ends.push(cause)
    })
    await begun
    if (how === 'the gateway has ended it') await thread.terminate()
    else await until('it has ended', () => ends.length > 0)
    t.equal(started, 1)
    await t.rejects(thread.ask({} as Parameters<typeof thread.ask>[0]), { message: 'The thread has ended' })
    thread.run({} as Parameters<typeof thread.run>[0])
    await thread.stop()
    await thread.terminate()
    t.equal(started, 1)
    await until('its end is told', () => ends.length === 1)
  })
}
