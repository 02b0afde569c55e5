/** A client that stops reading: it is closed, and costs nobody else anything. */
import t from 'tap'
import { startGateway, until } from '../../helpers/gateway.js'

t.test(
  'a client that does not read is closed as slow at maxSendBytes, and the others get everything in order',
  async t => {
    const maxSendBytes = 262_144
    const { gateway, connect } = await startGateway(t, 'lanes', { maxSendBytes })
    const [slow, reader] = [await connect(), await connect()]
    const [{ sid }, { sid: other }] = [await slow.request('gate.whoAmI'), await reader.request('gate.whoAmI')]
    slow.ws.pause()
    const filler = 'x'.repeat(1_000)
    let sent = 0
    let most = 0
    while (gateway.metrics().connectionsClosedSlow === 0) {
      gateway.sessions.sendMessage(sid, 'tick', { filler })
      gateway.sessions.sendMessage(other, 'tick', { n: sent++ })
      // One event a tick, so that the kernel can take what it wants.
      await new Promise(resolve => setImmediate(resolve))
      most = Math.max(most, gateway.metrics().sendBytesWaiting)
    }
    t.ok(most <= maxSendBytes + 2_000, `never more than ${most} bytes waited`)
    t.equal(gateway.sessions.get(sid), undefined, 'its session has ended')
    await until('the other has all', () => reader.events.length === sent)
    t.same(
      reader.events.map(([, { n }]) => n),
      Array.from({ length: sent }, (_, index) => index)
    )
    slow.ws.resume()
    t.equal((await slow.closed).code, 4000, 'and reads why, if it reads on')
  }
)
