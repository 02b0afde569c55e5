/** The player of the score example, against servers that fail it. `command-line.test.ts` plays a gateway. */
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import t, { type Test } from 'tap'
import { type WebSocket, WebSocketServer } from 'ws'
import { runPlayer } from '../helpers/example-player.js'

/** Plays against a server that does this when the first request arrives. Returns the exit code and stderr. */
async function play(t: Test, answer: (socket: WebSocket, bytes: Duplex) => void) {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 })
  t.teardown(() => server.close())
  server.on('connection', (socket, { socket: bytes }) => {
    socket.on('message', () => answer(socket, bytes))
    // The player leaves a connection that has failed as it is.
    socket.on('error', () => {})
  })
  await once(server, 'listening')
  const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`
  return { url, ...(await runPlayer(t, 'score', url)) }
}

t.test('if the gateway ends while it plays, the player says so and ends with 1', async t => {
  const closed = await play(t, socket => socket.close(1012))
  t.same([closed.code, closed.err], [1, 'The connection was closed, with code 1012\n'])
  const lost = await play(t, socket => socket.terminate())
  t.same([lost.code, lost.err], [1, 'The connection was closed, with code 1006\n'])
})

t.test('at a frame that is none, the player says what is wrong and ends with 1', async t => {
  const { url, code, err } = await play(t, (_socket, bytes) => bytes.write('garbage!!'))
  t.equal(code, 1)
  t.match(err, new RegExp(`^The connection to ${url} has failed: Invalid WebSocket frame: .+\\n$`))
})

t.test('where no gateway listens, the player says how to start one', async t => {
  const { code, err } = await runPlayer(t, 'score', 'ws://127.0.0.1:1')
  t.equal(code, 1)
  t.match(
    err,
    /^No gateway answers on ws:\/\/127\.0\.0\.1:1 .+; start one with: npm start -- --example score\n$/
  )
})
