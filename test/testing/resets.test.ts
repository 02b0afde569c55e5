/** Resets of connections that Node would leak. */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import t, { type Test } from 'tap'
import { destroy, reset } from '../../testing/resets.js'

async function open(t: Test): Promise<{ socket: Socket; peer: Socket; faults: unknown[] }> {
  const server = createServer({ allowHalfOpen: true })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  const [peer] = (await once(server, 'connection')) as [Socket]
  const faults: unknown[] = []
  socket.on('error', error => faults.push(error))
  peer.on('error', () => {})
  peer.resume()
  return { socket, peer, faults }
}

/** Runs a function once a call of `end` has reached the system, and its answer has not come. */
function whenShuttingDown(run: () => void): void {
  process.nextTick(() => process.nextTick(run))
}

t.test('a reset reaches the peer', async t => {
  const { socket, peer, faults } = await open(t)
  const reached = new Promise<NodeJS.ErrnoException>(resolve => peer.once('error', resolve))
  reset(socket)
  reset(socket)
  t.equal((await reached).code, 'ECONNRESET')
  t.same(faults, [])
})

t.test('a socket that is being shut down is closed, and not leaked', async t => {
  const both = (socket: Socket) => {
    reset(socket)
    destroy(socket)
  }
  for (const act of [reset, both]) {
    const { socket, peer, faults } = await open(t)
    const closed = Promise.all([once(socket, 'close'), once(peer, 'end')])
    socket.end()
    whenShuttingDown(() => act(socket))
    await closed
    t.same(faults, [])
    peer.destroy()
  }
})

t.test('one that is about to be reset is not destroyed before', async t => {
  const { socket, peer, faults } = await open(t)
  const closed = once(socket, 'close')
  reset(socket)
  whenShuttingDown(() => destroy(socket))
  await closed
  t.same(faults, [])
  peer.destroy()
})
