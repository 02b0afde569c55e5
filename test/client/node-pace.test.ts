/** Messages of `ws` that come in one task: each waits for what the one before it has set going. */
import { EventEmitter, once } from 'node:events'
import t from 'tap'
import { paceMessages } from '../../client/base/node-pace.js'
import type { WebSocketLike } from '../../client/base/web-socket.js'

function open() {
  const socket = new EventEmitter()
  paceMessages(socket as unknown as WebSocketLike)
  const seen: string[] = []
  socket.on('message', async text => {
    seen.push(text)
    for (let i = 0; i < 20; i++) await undefined
    seen.push(`after ${text}`)
  })
  socket.on('close', code => seen.push(`closed ${code}`))
  return { socket, seen }
}

t.test('each comes after all promises that the one before it has settled', async t => {
  const { socket, seen } = open()
  for (const text of ['a', 'b', 'c']) t.equal(socket.emit('message', text), true)
  t.same(seen, ['a'])
  await new Promise(resolve => setImmediate(resolve))
  t.same(seen, ['a', 'after a', 'b', 'after b', 'c', 'after c'])
  socket.emit('message', 'd')
  t.equal(seen.at(-1), 'd', 'one that comes alone is passed on at once')
})

t.test('what waits comes before the close, and other events do not wait', async t => {
  const { socket, seen } = open()
  const error = once(socket, 'error')
  for (const text of ['a', 'b']) socket.emit('message', text)
  const cause = new Error('reset')
  socket.emit('error', cause)
  t.same(await error, [cause])
  for (const text of ['c', 'd']) socket.emit('message', text)
  socket.emit('close', 1000)
  t.same(seen.slice(-3), ['c', 'd', 'closed 1000'])
  await new Promise(resolve => setImmediate(resolve))
  t.equal(seen.filter(text => text === 'd').length, 1)
})

t.test('a listener that throws stops no later message', async t => {
  const { socket, seen } = open()
  const fault = new Error('a listener has failed')
  socket.once('message', () => {
    throw fault
  })
  t.throws(() => socket.emit('message', 'a'), fault)
  socket.emit('message', 'b')
  await new Promise(resolve => setImmediate(resolve))
  t.same(seen, ['a', 'after a', 'b', 'after b'])
})

t.test('a class that emits no events in Node’s way is left as it is', async t => {
  const socket = {} as WebSocketLike
  paceMessages(socket)
  t.same(Object.keys(socket), [])
})
