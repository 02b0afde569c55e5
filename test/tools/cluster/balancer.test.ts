/** The balancer of `npm run cluster`, with servers that say who they are. */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, Server, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import t, { type Test } from 'tap'
import { Balancer, type Place } from '../../../tools/cluster/balancer.js'

/** A server that greets with its name, and then returns what it gets. */
async function startServer(t: Test, name: string) {
  const sockets = new Set<Socket>()
  const server = createServer({ allowHalfOpen: true }, socket => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.write(`${name}:`)
    socket.pipe(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const stop = () => {
    server.close()
    for (const socket of sockets) socket.resetAndDestroy()
  }
  t.teardown(stop)
  return { place: { host: '127.0.0.1', port: (server.address() as AddressInfo).port }, stop }
}

async function openBalancer(t: Test, places: () => readonly Place[]) {
  const balancer = await Balancer.open(0, places)
  t.teardown(() => balancer.close())
  /** Sends a text, ends, and returns what came; or the code of the error. */
  const ask = async (said: string) => {
    const socket = connect({ host: '127.0.0.1', port: balancer.port, allowHalfOpen: true })
    socket.end(said)
    return text(socket).catch(error => error.code)
  }
  return { balancer, ask }
}

t.test('connections go to all places in turn, and data and ends pass both ways', async t => {
  const servers = [await startServer(t, 'a'), await startServer(t, 'b')]
  const { ask } = await openBalancer(t, () => servers.map(({ place }) => place))
  t.same([await ask('1'), await ask('2'), await ask('3')], ['a:1', 'b:2', 'a:3'])
  const large = 'x'.repeat(3_000_000)
  t.equal((await ask(large)).length, large.length + 2)
})

t.test('a place that accepts nothing is passed over; without any the client is reset', async t => {
  const a = await startServer(t, 'a')
  const b = await startServer(t, 'b')
  const { balancer, ask } = await openBalancer(t, () => [a.place, b.place])
  const held = connect(balancer.port, '127.0.0.1')
  t.equal(String((await once(held, 'data'))[0]), 'a:')
  a.stop()
  const [error] = await once(held, 'error')
  t.equal(error.code, 'ECONNRESET', 'who was with it is told as by the server')
  t.same([await ask('1'), await ask('2'), await ask('3')], ['b:1', 'b:2', 'b:3'])
  b.stop()
  t.equal(await ask('4'), 'ECONNRESET')
})

t.test('a connection that the system can not accept does not end it', async t => {
  const { place } = await startServer(t, 'a')
  const listen = t.capture(Server.prototype, 'listen', Server.prototype.listen)
  const { ask } = await openBalancer(t, () => [place])
  const server = listen()[0]!.receiver as unknown as Server
  server.emit('error', Object.assign(new Error('accept EMFILE'), { code: 'EMFILE', syscall: 'accept' }))
  t.equal(await ask('1'), 'a:1')
})

t.test('it cuts all connections when it closes, and its port is free', async t => {
  const { place } = await startServer(t, 'a')
  const balancer = await Balancer.open(0, () => [place])
  const { port } = balancer
  const socket = connect(port, '127.0.0.1')
  await once(socket, 'data')
  await Promise.all([balancer.close(), once(socket, 'close')])
  const again = await Balancer.open(port, () => [place])
  await again.close()
})
