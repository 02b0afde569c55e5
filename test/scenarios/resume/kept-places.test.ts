/** The option `keep`: a client that goes on where another one has left, as a page does after a reload. */
import t, { type Test } from 'tap'
import { KeptPlace } from '../../../client/conversation/kept-place.js'
import { type Client, type ClientOptions, connect, type PlaceStorage } from '../../../client/node.js'
import type { GatewayOptions } from '../../../gateway/index.js'
import { startGateway } from '../../helpers/gateway.js'
import { fixture } from '../../helpers/paths.js'
import { until } from '../../helpers/until.js'

const handlers = fixture('handlers-resume')
const quick: ClientOptions = { backOff: { least: 1, most: 20 } }

/** A storage as browsers have it. */
class Storage implements PlaceStorage {
  readonly texts = new Map<string, string>()
  getItem = (key: string) => this.texts.get(key) ?? null
  setItem = (key: string, value: string) => void this.texts.set(key, value)
  removeItem = (key: string) => void this.texts.delete(key)
}

async function start(t: Test, options: Partial<GatewayOptions> = {}) {
  const running = await startGateway(t, handlers, { workers: 1, ...options })
  const storage = new Storage()
  const join = async (more: ClientOptions = {}) => {
    const client = await connect(running.gateway.url, { ...quick, keep: storage, ...more })
    t.teardown(() => client.close())
    return client
  }
  return { ...running, storage, join }
}

const login = (client: Client, uid = 'red') => client.request('player.login', { uid })

t.test('the next client has the session, and gets each event once, also those in flight', async t => {
  const { gateway, storage, join } = await start(t)
  const heard: unknown[] = []
  const listeners = { tick: (n: unknown) => heard.push(n) }
  let client = await join({ on: listeners })
  t.equal(client.resumed, false)
  await login(client)
  const [session] = gateway.sessions.getByUid('red')
  let sent = 0
  const send = (count: number) => {
    for (const end = sent + count; sent < end; sent++) gateway.send('red', 'tick', sent)
  }
  for (let reload = 1; reload <= 3; reload++) {
    const { length } = heard
    send(500)
    await until('some have come', () => heard.length > length)
    client.leave()
    t.match(client, { state: 'closed', error: { code: 'CONNECTION_CLOSED', message: /has left/ } })
    t.equal(storage.texts.size, 1)
    const left = heard.length
    send(50)
    client = await join({ on: listeners })
    t.equal(client.resumed, true)
    t.equal(storage.texts.size, 0, 'a client that has its place leaves no copy')
    t.ok(left <= sent)
  }
  await until('all have come', () => heard.length >= sent)
  await client.request('player.seen')
  t.same(
    heard,
    Array.from({ length: sent }, (_, n) => n)
  )
  t.same(gateway.sessions.getByUid('red'), [session])
  t.match(gateway.metrics(), { sessionsOpened: 1, sessionsResumed: 3 })
})

t.test('a reply to the client before goes nowhere, and to no request of the next one', async t => {
  const { gateway, join } = await start(t)
  const first = await join()
  await login(first)
  const held = new Promise(resolve => first.on('holding', resolve))
  const pending = first.request('player.hold', { key: 'reload' })
  await held
  first.leave()
  await t.rejects(pending, { code: 'CONNECTION_CLOSED' })
  const second = await join()
  t.equal(second.resumed, true)
  // They wait behind the held request, whose reply comes first.
  const added = [1, 2, 3].map(n => second.request('player.add', { n }))
  const other = await join()
  t.equal(other.resumed, false, 'the place was taken')
  await other.request('player.free', { key: 'reload' })
  t.same(await Promise.all(added), [1, 2, 3])
  second.leave()
  const third = await join()
  t.same(await third.request('player.seen'), [1, 2, 3])
  t.equal(third.resumed, true)
  third.reconnect()
  await until('it is back', () => gateway.metrics().sessionsResumed === 3 && third.state === 'open')
  t.same(await third.request('player.seen'), [1, 2, 3], 'and it resumes as any client does')
})

t.test('a copy of the storage, made while its client is there, is a session of its own', async t => {
  const { gateway, storage, join } = await start(t)
  const first = await join()
  await login(first)
  await first.request('player.add', { n: 1 })
  const copy = new Storage()
  for (const [key, text] of storage.texts) copy.setItem(key, text)
  const second = await join({ keep: copy })
  t.equal(second.resumed, false)
  t.same(await second.request('player.seen'), [])
  t.same(await first.request('player.seen'), [1])
  t.match(gateway.metrics(), { sessions: 2, sessionsResumed: 0 })
})

t.test('what is in the storage may be anything: it is a new session then', async t => {
  const { gateway, storage, join } = await start(t)
  const key = `sallyport ${gateway.url}`
  const place = { token: 'x'.repeat(22), epoch: 'y', received: 0, lastId: 0 }
  const texts = [
    '',
    'null',
    '5',
    '[]',
    '{',
    '{"token":1}',
    ...[{ token: '' }, { token: 'x'.repeat(100) }, { epoch: 7 }, { received: -1 }, { received: 1.5 }].map(
      part => JSON.stringify({ ...place, ...part })
    ),
    ...[{ lastId: 2 ** 32 }, { lastId: null }, {}].map(part => JSON.stringify({ ...place, ...part }))
  ]
  for (const text of texts) {
    storage.setItem(key, text)
    const client = await join()
    t.equal(client.resumed, false, text)
    t.equal(await client.request('player.add', { n: 1 }), 1)
    t.equal(storage.texts.size, 0)
    client.close()
  }
  t.equal(storage.texts.size, 0, 'a client that closes ends its session, and leaves no place')
  await until('no session is left', () => gateway.metrics().sessions === 0)
})

t.test(
  'a storage that answers with promises is told of once, and costs the place and nothing else',
  async t => {
    const { join } = await start(t)
    const late = () => Promise.reject(new Error('no room'))
    const warned = t.capture(console, 'warn')
    const client = await join({ keep: { getItem: late, setItem: late, removeItem: late } as never })
    t.equal(client.resumed, false)
    client.leave()
    t.equal(
      warned()
        .flatMap(({ args }) => args)
        .join(),
      'sallyport: the storage of `keep` answers with promises: no place is kept'
    )
  }
)

t.test('a storage that throws, or cannot even be named, costs the place and nothing else', async t => {
  const { gateway, join } = await start(t)
  const fail = () => {
    throw new Error('QuotaExceededError')
  }
  const works = new Storage()
  const storages: ClientOptions['keep'][] = [
    { getItem: fail, setItem: fail, removeItem: fail },
    Object.assign(new Storage(), { setItem: fail }),
    fail,
    () => undefined as never,
    undefined
  ]
  for (const keep of storages) {
    for (let visit = 0; visit < 2; visit++) {
      const client = await join({ keep })
      t.equal(client.resumed, false)
      t.same(await client.request('player.seen'), [])
      client.leave()
    }
  }
  const first = await join({ keep: () => works })
  await login(first)
  first.leave()
  t.equal((await join({ keep: () => works })).resumed, true)
  for (const keep of [5, 'sessionStorage', {}, { getItem: fail }])
    await t.rejects(join({ keep } as never), { code: 'OPTION_INVALID', message: /`keep` to be a storage/ })
  t.equal(gateway.metrics().sessionsResumed, 1)
})

t.test('a place whose session is gone is a new session, as after a lost connection', async t => {
  const { gateway, storage, join } = await start(t)
  const first = await join()
  await login(first)
  first.leave()
  for (const [key, text] of storage.texts)
    storage.setItem(key, JSON.stringify({ ...JSON.parse(text), token: 'of-a-session-long-gone' }))
  const second = await join()
  t.equal(second.resumed, false)
  t.same(await second.request('player.seen'), [])
  await login(second, 'blue')
  gateway.sessions.kick('blue', 'Bye.')
  await until('it is closed', () => second.state === 'closed')
  second.leave()
  t.equal(storage.texts.size, 0, 'a client that was kicked has no place')
  const third = await join()
  await login(third, 'green')
  third.leave()
  gateway.sessions.kick('green', 'Bye.')
  await t.rejects(join(), { code: 'CONNECTION_CLOSED', data: { code: 4500, reason: 'Bye.' } })
  t.equal(storage.texts.size, 0, 'it has no place any more')
  t.equal((await join()).resumed, false)
})

t.test('a client that cannot connect leaves the place where it was', async t => {
  let accept = true
  const { gateway, storage, join } = await start(t, { onHandshake: () => ({ accept }) })
  const first = await join()
  await login(first)
  first.leave()
  const [[, text]] = [...storage.texts] as [[string, string]]
  const fatal = () => {
    throw Object.assign(new Error('logged out'), { fatal: true })
  }
  await t.rejects(join({ user: fatal }), { code: 'CONNECT_FAILED' })
  await t.rejects(join({ user: () => new Promise(() => {}), connectTimeout: 20 }), { code: 'CONNECT_FAILED' })
  accept = false
  await t.rejects(join(), { code: 'HANDSHAKE_REFUSED' })
  accept = true
  t.same([...storage.texts.values()], [text])
  const other = await connect(gateway.url.replace('127.0.0.1', 'localhost'), { ...quick, keep: storage })
  t.teardown(() => other.close())
  t.equal(other.resumed, false, 'it belongs to another address')
  t.equal((await join()).resumed, true)
})

t.test('a client that is back leaves the place of another one where it is', async t => {
  const storage = new Storage()
  const [first, second] = [new KeptPlace(storage, 'ws://game'), new KeptPlace(storage, 'ws://game')]
  const place = { token: 'a'.repeat(22), epoch: 'b'.repeat(11), received: 1, lastId: 1 }
  first.put(place)
  t.same(second.take(), place)
  second.put({ ...place, received: 2 })
  first.drop()
  t.same(new KeptPlace(storage, 'ws://game').take(), { ...place, received: 2 })
  second.put(place)
  second.drop()
  t.equal(storage.texts.size, 0, 'its own it removes')
})
