/**
 * The server of Colyseus. It is a process for each core, each with an address of its own, as under PM2.
 * Players share the room of their process; the counter is in the player's part of the room's state, and is
 * sent back to the player who asked.
 */
import { fork } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { Room, Server } from '@colyseus/core'
import { Encoder, MapSchema, schema } from '@colyseus/schema'
import { WebSocketTransport } from '@colyseus/ws-transport'

process.on('disconnect', () => process.exit())
process.on('SIGINT', () => {})
if (process.argv[2] === 'process') await serve()
else startProcesses()

function startProcesses() {
  const count = availableParallelism()
  const ports = []
  for (let i = 0; i < count; i++) {
    const child = fork(fileURLToPath(import.meta.url), ['process'])
    // Its own @pm2/io sends messages here too.
    child.on('message', ({ kind, port }) => {
      if (kind === 'up' && ports.push(port) === count) process.send({ kind: 'up', ports })
    })
    child.on('exit', () => process.exit(1))
  }
}

async function serve() {
  const Player = schema({ count: 'number' })
  const State = schema({ players: { map: Player } })

  class CounterRoom extends Room {
    onCreate() {
      this.state = new State()
      this.state.players = new MapSchema()
      this.onMessage('add', (client, { id }) => {
        const player = this.state.players.get(client.sessionId)
        player.count++
        client.send('added', { id, count: player.count })
      })
    }

    onJoin(client) {
      const player = new Player()
      player.count = 0
      this.state.players.set(client.sessionId, player)
    }

    onLeave(client) {
      this.state.players.delete(client.sessionId)
    }
  }

  // As its documents advise for a room of hundreds.
  Encoder.BUFFER_SIZE = 64 * 1024
  const transport = new WebSocketTransport()
  const server = new Server({ transport, greet: false, gracefullyShutdown: false })
  server.define('counter', CounterRoom)
  await server.listen(0, '127.0.0.1')
  process.send({ kind: 'up', port: transport.server.address().port })
}
