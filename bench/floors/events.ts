/**
 * A floor: `ws` alone, which sends events by a loop over all sockets that have asked for them.
 * `node events.js text`: each socket is sent the event's text. `prepared`: each is sent the same bytes.
 * `written`: the same frame is written to each TCP socket, past `ws`.
 */
import type { Duplex } from 'node:stream'
import type { WebSocket } from 'ws'
import { serve } from '../servers/server.js'
import { startWebSocketServer } from './web-socket.js'

const text = 'x'.repeat(64)

/** Events in a tick, by its route. */
const counts: Readonly<Record<string, number>> = {
  'events.one': 1,
  'events.ten': 10,
  'events.hundred': 100
}

type Broadcast = (receivers: Iterable<Receiver>, event: string) => void

interface Receiver {
  readonly socket: WebSocket
  /** The connection below the socket. */
  readonly connection: Duplex
}

const broadcasts: Readonly<Record<string, Broadcast>> = {
  text(receivers, event) {
    for (const { socket } of receivers) socket.send(event)
  },
  prepared(receivers, event) {
    const bytes = Buffer.from(event)
    for (const { socket } of receivers) socket.send(bytes, { binary: false })
  },
  written(receivers, event) {
    const frame = encodeText(event)
    for (const { connection } of receivers) connection.write(frame)
  }
}

/** Encodes a text message of less than 126 bytes, as a server sends it. */
function encodeText(message: string): Buffer {
  const bytes = Buffer.from(message)
  return Buffer.concat([Buffer.of(0x81, bytes.length), bytes])
}

await serve(() => {
  const broadcast = broadcasts[process.argv[2]!]!
  const audience = new Set<Receiver>()
  let sent = 0
  return startWebSocketServer((socket, connection) => {
    const receiver: Receiver = { socket, connection }
    socket.on('close', () => audience.delete(receiver))
    socket.on('message', data => {
      const [id, route] = JSON.parse(String(data)) as [number, string]
      if (route === 'events.join') {
        sent = 0
        audience.add(receiver)
      } else {
        for (let i = 0; i < counts[route]!; i++)
          broadcast(audience, JSON.stringify(['tick', [1_000_000 + (sent++ % 1_000_000), text]]))
      }
      socket.send(JSON.stringify([id, 1]))
    })
  })
})
