/** The faults of the proxy, seen from both ends of a connection. */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import t, { type Test } from 'tap'
import { type Cut, TcpProxy } from '../../testing/tcp-proxy.js'
import { until } from '../helpers/until.js'

interface End {
  readonly socket: Socket
  /** All data that arrived. */
  got: string
  isOver: boolean
}

function watch(socket: Socket): End {
  const end: End = { socket, got: '', isOver: false }
  socket.on('data', chunk => {
    end.got += String(chunk)
  })
  socket.on('error', () => {})
  socket.on('end', () => socket.end())
  socket.on('close', () => {
    end.isOver = true
  })
  return end
}

/** Opens a connection that has passed a byte in each direction. */
async function pass(t: Test): Promise<{ proxy: TcpProxy; client: End; gateway: End }> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const proxy = await TcpProxy.open((server.address() as AddressInfo).port)
  const client = watch(connect(Number(new URL(proxy.url).port), '127.0.0.1'))
  const [accepted] = await once(server, 'connection')
  const gateway = watch(accepted)
  t.teardown(async () => {
    client.socket.destroy()
    gateway.socket.destroy()
    await proxy.close()
    server.close()
  })
  client.socket.write('a')
  gateway.socket.write('b')
  await until('both bytes came', () => client.got === 'b' && gateway.got === 'a')
  return { proxy, client, gateway }
}

const told: Record<Exclude<Cut, 'midFrame'>, { client: boolean; gateway: boolean }> = {
  end: { client: true, gateway: true },
  reset: { client: true, gateway: true },
  silent: { client: false, gateway: false },
  clientOnly: { client: true, gateway: false },
  gatewayOnly: { client: false, gateway: true }
}

for (const [how, { client: toClient, gateway: toGateway }] of Object.entries(told)) {
  t.test(`${how}: who is to hear of it does, and nobody else`, async t => {
    const { proxy, client, gateway } = await pass(t)
    t.equal(proxy.cut(how as Cut), 1)
    await until('each is told', () => client.isOver === toClient && gateway.isOver === toGateway)
    // The side that was not told keeps writing, and its bytes are accepted.
    for (const end of [client, gateway].filter(({ isOver }) => !isOver)) {
      await new Promise(resolve => end.socket.write('more', resolve))
    }
    const other = await pass(t)
    t.same([client.isOver, gateway.isOver], [toClient, toGateway])
    t.same([client.got, gateway.got], ['b', 'a'])
    t.equal(proxy.size, 0)
    t.equal(other.proxy.size, 1)
  })
}

t.test('midFrame: the client gets half of what the gateway sends next, and both are told', async t => {
  const { proxy, client, gateway } = await pass(t)
  proxy.cut('midFrame')
  gateway.socket.write('12345678')
  await until('both are told', () => client.isOver && gateway.isOver)
  t.equal(client.got, 'b1234')
})

t.test('a client that is held reads nothing meanwhile, is heard all the same, and then has all', async t => {
  const { proxy, client, gateway } = await pass(t)
  t.equal(proxy.hold(1_500), 1)
  t.equal(proxy.hold(1_500), 0, 'once')
  gateway.socket.write('late')
  // One way after the other: each takes as long as what is held would have taken.
  for (const letters of ['n', 'no', 'now']) {
    client.socket.write(letters.at(-1)!)
    await until('the gateway has it', () => gateway.got === `a${letters}`)
  }
  t.equal(client.got, 'b')
  await until('the client has all', () => client.got === 'blate')
  t.equal(proxy.hold(60_000), 1, 'and again, until the proxy ends')
})
