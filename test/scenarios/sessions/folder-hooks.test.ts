/** Hooks of a folder with `affinity`: they run where its handlers run, with the same tables in memory. */
import t from 'tap'
import { TestGateway } from '../../../testing/index.js'
import { until } from '../../helpers/until.js'

/** The room of the guide: a table in memory, its handlers, and the hooks that keep it clean. */
const game = {
  'lobby.js': `
    export async function join({ room }, session) {
      session.set('room', room)
      await session.apush('room')
    }`,
  '_hooks.js': `export const onClose = (session, _reason, { log, worker }) =>
    log.info('outer', { sid: session.id, worker: worker.index })`,
  room: {
    '_options.js': "export const affinity = 'room'",
    '_rooms.js': 'export const rooms = new Map()',
    'seat.js': `
      import { rooms } from './_rooms.js'
      export function take(_body, session, { worker }) {
        const seats = rooms.get(session.get('room')) ?? new Set()
        rooms.set(session.get('room'), seats.add(session.id))
        return { worker: worker.index, players: seats.size }
      }
      export const count = (_body, _session, { worker }) => ({ worker: worker.index, rooms: rooms.size })`,
    '_hooks.js': `
      import { rooms } from './_rooms.js'
      const told = name => (session, _info, { log, worker }) => {
        const found = rooms.get(session.get('room'))?.has(session.id) === true
        log.info(name, { sid: session.id, room: session.get('room'), found, at: worker.index })
      }
      export const [onDrop, onResume] = [told('onDrop'), told('onResume')]
      export function onClose(session, reason, context) {
        told('onClose')(session, reason, context)
        const seats = rooms.get(session.get('room'))
        seats?.delete(session.id)
        if (seats?.size === 0) rooms.delete(session.get('room'))
      }`
  }
}

t.test('a room finds its player in its table when the player drops, returns and leaves', async t => {
  const test = await TestGateway.start({
    handlers: t.testdir(game),
    workers: 4,
    workerArgv: ['--enable-source-maps']
  })
  t.teardown(() => test.close())
  const told = (name: string) =>
    test.lines.filter(({ message }) => message === name).map(({ fields }) => fields)
  const workerOf = new Map<string, number>()
  const enter = async (room: string) => {
    const player = await test.connect()
    await player.request('lobby.join', { room })
    const { worker } = (await player.request('room.seat.take')) as { worker: number }
    t.equal(workerOf.get(room) ?? worker, worker, `${room} is in one worker`)
    workerOf.set(room, worker)
    return player
  }
  const rooms = Array.from({ length: 30 }, (_, i) => `room ${i}`)
  const players = await Promise.all([...rooms, ...rooms].map(enter))
  t.equal(new Set(workerOf.values()).size, 4, 'all workers have rooms')
  const stranger = await test.connect()
  const [away] = players
  await away!.cut()
  await until('the room is told', () => told('onDrop').length === 1)
  await away!.comeBack()
  await until('the room is told', () => told('onResume').length === 1)
  for (const each of [...players, stranger]) each.client.close()
  await until('all are gone', () => told('outer').length === 61 && told('onClose').length === 60)
  for (const each of [...told('onDrop'), ...told('onResume'), ...told('onClose')]) {
    t.equal(each['found'], true, `${each['room']} knows its player`)
    t.equal(each['at'], workerOf.get(String(each['room'])))
  }
  const seen = new Set<number>()
  for (const room of rooms) {
    const probe = await test.connect()
    await probe.request('lobby.join', { room })
    const { worker, rooms: left } = (await probe.request('room.seat.count')) as {
      worker: number
      rooms: number
    }
    t.equal(left, 0, `nothing is left in worker ${worker}`)
    seen.add(worker)
    if (seen.size === 4) break
  }
  t.equal(seen.size, 4)
})

t.test('after the death of its worker a room has its handlers and its hooks together again', async t => {
  const test = await TestGateway.start({
    handlers: t.testdir(game),
    workers: 3,
    workerArgv: ['--enable-source-maps']
  })
  t.teardown(() => test.close())
  for (let i = 0; i < 6; i++) {
    const player = await test.connect()
    await player.request('lobby.join', { room: `room ${i}` })
    const { worker: first } = (await player.request('room.seat.take')) as { worker: number }
    await test.killWorker(first)
    const { worker, players } = (await player.request('room.seat.take')) as {
      worker: number
      players: number
    }
    t.equal(players, 1, 'the table is a new one')
    player.client.close()
    const closed = () => test.lines.filter(({ message }) => message === 'onClose')
    await until('the room is told', () => closed().length === i + 1)
    t.match(closed()[i]?.fields, { found: true, at: worker })
  }
})

t.test('a hook of a folder with `affinity` sees what the service changes while it runs', async t => {
  const hook = `export async function onDrop(session, _info, { sessions, log }) {
    const was = session.get('room')
    await sessions.apushAll(session.frontendId, session.id, { y: 1, room: 'another' })
    log.info('dropped', { was, y: session.get('y'), now: session.get('room') })
  }`
  const test = await TestGateway.start({
    handlers: t.testdir({
      'lobby.js': `export async function enter(_body, session) {
        session.set('room', 'one')
        await session.apushAll()
      }`,
      room: { '_options.js': "export const affinity = 'room'", '_hooks.js': hook }
    })
  })
  t.teardown(() => test.close())
  const player = await test.connect()
  await player.request('lobby.enter')
  await player.cut()
  const dropped = () => test.lines.find(({ message }) => message === 'dropped')
  await until('the hook has run', () => dropped() !== undefined)
  t.match(dropped()?.fields, { was: 'one', y: 1, now: 'one' })
})

t.test('a player whose room is null is in no room: its hooks are not called for them', async t => {
  const test = await TestGateway.start({ handlers: t.testdir(game), workers: 2 })
  t.teardown(() => test.close())
  const [seated, left] = [await test.connect(), await test.connect()]
  for (const player of [seated, left]) {
    await player.request('lobby.join', { room: 'one' })
    await player.request('room.seat.take')
  }
  await left.request('lobby.join', { room: null })
  await left.close()
  const told = (name: string) => test.lines.filter(({ message }) => message === name)
  await until('the outer hook is called', () => told('outer').length === 1)
  await seated.close()
  await until('both hooks are called', () => told('outer').length === 2)
  t.same(
    told('onClose').map(({ fields }) => fields['room']),
    ['one']
  )
})
