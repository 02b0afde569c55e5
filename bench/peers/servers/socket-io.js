/**
 * The server of Socket.IO. It is a process for each core in a cluster of Node's, with the cluster adapter.
 * Clients use WebSocket alone, so no sticky sessions are needed. The counter is kept in `socket.data`, and
 * sent back in an ack.
 */
import cluster from 'node:cluster'
import { createServer } from 'node:http'
import { availableParallelism } from 'node:os'
import { createAdapter, setupPrimary } from '@socket.io/cluster-adapter'
import { Server } from 'socket.io'

if (cluster.isPrimary) startWorkers()
else serve()

function startWorkers() {
  process.on('disconnect', () => process.exit())
  process.on('SIGINT', () => {})
  setupPrimary()
  cluster.setupPrimary({ serialization: 'advanced' })
  const count = availableParallelism()
  let listening = 0
  // All share the port that the first one was given.
  cluster.on('listening', (_worker, { port }) => {
    if (++listening === count) process.send({ kind: 'up', port })
  })
  cluster.on('exit', () => process.exit(1))
  for (let i = 0; i < count; i++) cluster.fork()
}

function serve() {
  process.on('SIGINT', () => {})
  const server = createServer()
  const io = new Server(server, { transports: ['websocket'], serveClient: false })
  io.adapter(createAdapter())
  // As its page on memory advises: the upgrade request is not needed any more.
  io.engine.on('connection', socket => {
    socket.request = null
  })
  io.on('connection', socket => {
    socket.data.count = 0
    socket.on('add', (_body, answer) => answer(++socket.data.count))
  })
  server.listen(0, '127.0.0.1')
}
