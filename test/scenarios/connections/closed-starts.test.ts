/** A gateway that is closed during its start. */
import { Server } from 'node:net'
import t from 'tap'
import type { Gateway } from '../../../gateway/index.js'
import { assembleGateway } from '../../../gateway/start.js'
import { handlersFolder, startGateway } from '../../helpers/gateway.js'

const closing = { code: 'CLOSING' }

const closers: Record<string, (gateway: Gateway) => void | Promise<void>> = {
  'closes it': gateway => void gateway.close(),
  'waits until it has closed': gateway => gateway.close(),
  'drains it': gateway => void gateway.drain()
}

for (const [what, onStart] of Object.entries(closers))
  t.test(`an onStart that ${what} ends the start`, async t => {
    const started: Gateway[] = []
    const stopped: Gateway[] = []
    const start = startGateway(t, 'wire', {
      // One that waits for the close, which waits for it, is left alone after that time.
      closeTimeout: 200,
      onStart: gateway => {
        started.push(gateway)
        return onStart(gateway)
      },
      onStop: gateway => void stopped.push(gateway)
    })
    await t.rejects(start, closing)
    t.equal(started.length, 1)
    t.same(stopped, started)
    await t.rejects(fetch(started[0]!.url.replace('ws:', 'http:')), { cause: { code: 'ECONNREFUSED' } })
  })

for (const internalPort of ['off', 0] as const)
  t.test(
    `a gateway that is closed while it opens a port (internal: ${internalPort}) ends its start`,
    async t => {
      const { listen } = Server.prototype
      t.teardown(() => (Server.prototype.listen = listen))
      const gateway = assembleGateway({
        handlers: handlersFolder('wire'),
        port: 0,
        internalPort,
        workers: 1,
        logLevel: 'silent',
        onStart: () => void t.fail('it has not started')
      })
      const servers: Server[] = []
      let closed: Promise<void> | undefined
      Server.prototype.listen = function (this: Server, ...args: [handle: unknown]) {
        const result = listen.apply(this, args)
        servers.push(this)
        closed = gateway.close()
        return result
      }
      await t.rejects(gateway.start(), closing)
      await closed
      t.equal(gateway.internalUrl, undefined)
      await new Promise(resolve => setImmediate(resolve))
      t.same(
        servers.map(({ listening }) => listening),
        [false]
      )
    }
  )
