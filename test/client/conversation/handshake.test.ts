/** What the client reads in the answer to its handshake. */
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { type WebSocket, WebSocketServer } from 'ws'
import { decodeHandshake } from '../../../client/conversation/handshake.js'
import { connect } from '../../../client/node.js'
import { encodePackage, packageKinds } from '../../../shared/wire/package.js'

function answer(sys: object): Buffer {
  return Buffer.from(JSON.stringify({ code: 200, sys }))
}

t.test('only a server that knows heartbeats is sent any, and it says how often', t => {
  const heartbeatOf = (sys: object) => decodeHandshake(answer(sys)) as { heartbeat?: number }
  t.match(heartbeatOf({ heartbeat: 5 }), { heartbeat: 5_000 })
  t.match(heartbeatOf({ heartbeat: 5, bodies: 'superjson' }), { heartbeat: 5_000 })
  t.match(heartbeatOf({ bodies: 'superjson' }), { heartbeat: Number.POSITIVE_INFINITY })
  for (const heartbeat of [undefined, 0, -1, null, 'often', [3]])
    t.match(heartbeatOf({ heartbeat }), { heartbeat: undefined })
  t.end()
})

t.test('a server of Pomelo without heartbeats gets none, and is not taken for silent', async t => {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 })
  t.teardown(() => server.close())
  await once(server, 'listening')
  const kinds: number[] = []
  server.on('connection', socket => {
    socket.on('message', (bytes: Buffer) => {
      kinds.push(bytes[0]!)
      if (bytes[0] === packageKinds.handshake)
        socket.send(encodePackage(packageKinds.handshake, answer({ heartbeat: 0 })))
    })
  })
  const quick = { heartbeat: 1, heartbeatTimeout: 1 }
  const client = await connect(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`, quick)
  t.teardown(() => client.close())
  const [socket] = server.clients as Set<WebSocket>
  // These take longer than a heartbeat and its timeout.
  for (let n = 0; n < 100; n++) {
    socket!.ping()
    await once(socket!, 'pong')
  }
  t.same(kinds, [packageKinds.handshake, packageKinds.handshakeAck])
  t.equal(client.state, 'open')
})
