/** Attempts to connect whose token is late, missing or no longer needed. */

import t, { type Test } from 'tap'
import { WebSocket } from 'ws'
import { ClientError, type ClientOptions, connect } from '../../../client/node.js'
import { startGateway, startProxy } from '../../helpers/gateway.js'
import { fixture } from '../../helpers/paths.js'
import { until } from '../../helpers/until.js'

const handlers = fixture('handlers-resume')
const backOff = { least: 1, most: 20 }

/** A gateway whose connections can be cut, and the sockets that clients have opened to it. */
async function start(t: Test) {
  const { gateway } = await startGateway(t, handlers, { workers: 1 })
  const proxy = await startProxy(t, gateway.address.port)
  const sockets: WebSocket[] = []
  class Counted extends WebSocket {
    constructor(url: string) {
      super(url)
      sockets.push(this)
    }
  }
  const join = async (options: ClientOptions) => {
    const client = await connect(proxy.url, {
      backOff,
      WebSocket: Counted as unknown as NonNullable<ClientOptions['WebSocket']>,
      ...options
    })
    t.teardown(() => client.close())
    return client
  }
  return { gateway, proxy, sockets, join }
}

/** Returns a token at once while it is open; otherwise when the test says so. */
class Desk {
  readonly asked: ((token: string) => void)[] = []
  isOpen = true

  readonly user = (): Promise<string> =>
    new Promise(resolve => {
      this.asked.push(resolve)
      if (this.isOpen) resolve('token')
    })
}

t.test('a token that fails once while the client comes back is asked for again', async t => {
  const { gateway, proxy, join } = await start(t)
  const failures: (() => unknown)[] = [
    () => {
      throw new Error('no network')
    },
    () => Promise.reject(new Error('the service of tokens is away')),
    () => Promise.reject(null),
    () => {
      throw new Proxy(
        {},
        {
          get: () => {
            throw new Error('look away')
          }
        }
      )
    },
    () => 1n
  ]
  let calls = 0
  const client = await join({ user: () => (calls++ === 0 ? 'token' : (failures[calls - 2]?.() ?? 'token')) })
  const opened: boolean[] = []
  client.onState(({ state, resumed }) => state === 'open' && opened.push(resumed))
  proxy.cut('reset')
  await until('it is back', () => opened.length > 0)
  t.same(opened, [true])
  t.equal(calls, failures.length + 2)
  t.equal(client.failure, undefined)
  t.match(gateway.metrics(), { sessionsResumed: 1 })
})

t.test('a token that never comes is given up, and asked for again', async t => {
  const { proxy, sockets, join } = await start(t)
  const desk = new Desk()
  const client = await join({ user: desk.user, attemptTimeout: 1_000 })
  desk.isOpen = false
  proxy.cut('reset')
  await until('it was asked for, in vain', () => desk.asked.length === 2)
  await until('it is asked for again', () => desk.asked.length === 3)
  t.match(client.failure, { reason: /no answer of the function `user` within 1000 ms/ })
  desk.isOpen = true
  desk.asked[2]!('token')
  await until('it is back', () => client.state === 'open')
  const { length } = sockets
  desk.asked[1]!('late')
  t.same(await client.request('player.seen'), [])
  t.equal(sockets.length, length, 'the token of the attempt that was given up opens nothing')
})

t.test('a reconnect while a token is asked for leaves one socket, and none after a close', async t => {
  const { gateway, proxy, sockets, join } = await start(t)
  const desk = new Desk()
  const client = await join({ user: desk.user })
  desk.isOpen = false
  proxy.cut('reset')
  await until('a token is asked for', () => desk.asked.length === 2)
  client.reconnect()
  await until('another is asked for', () => desk.asked.length === 3)
  for (const give of desk.asked) give('token')
  await until('it is back', () => client.state === 'open')
  t.same(await client.request('player.seen'), [])
  t.equal(sockets.length, 2)
  client.reconnect()
  await until('one more is asked for', () => desk.asked.length === 4)
  client.close()
  desk.asked[3]!('token')
  await until('no connection is left', () => gateway.metrics().connections === 0)
  t.equal(sockets.length, 2)
  t.ok(sockets.every(({ readyState }) => readyState >= WebSocket.CLOSING))
})

t.test('before the first connection a failing token is asked for again, until the time is over', async t => {
  const { join } = await start(t)
  let calls = 0
  const recovering = () => {
    if (++calls < 3) throw new Error('no token yet')
    return 'token'
  }
  t.equal((await join({ user: recovering })).state, 'open')
  t.equal(calls, 3)
  const cause = new Error('no token at all')
  const error = await join({ user: () => Promise.reject(cause), connectTimeout: 200 }).catch(each => each)
  t.match(error, { code: 'CONNECT_FAILED', message: /`user` failed: no token at all \(tried for 200 ms\)/ })
  t.equal(error.cause, cause)
  await t.rejects(join({ user: () => new Promise(() => {}), attemptTimeout: 20, connectTimeout: 300 }), {
    code: 'CONNECT_FAILED',
    message: /no answer of the function `user` within 20 ms/
  })
})

t.test('a fatal error of the token ends the client, at the start and later', async t => {
  const { proxy, join } = await start(t)
  const cause = Object.assign(new Error('logged out'), { fatal: true })
  const fails = () => {
    throw cause
  }
  const refused = await join({ user: fails, connectTimeout: 0 }).catch(error => error)
  t.match(refused, { code: 'CONNECT_FAILED', message: /logged out/, retryable: false })
  t.equal(refused.cause, cause)
  let calls = 0
  const client = await join({ user: () => (++calls === 1 ? 'token' : fails()) })
  proxy.cut('reset')
  await until('it is closed', () => client.state === 'closed')
  t.match(client.error, { code: 'CONNECT_FAILED', message: /logged out/ })
  t.equal(client.error?.cause, cause)
})

t.test('a user that has no form in JSON, and is no function, is a wrong option', async t => {
  const { join } = await start(t)
  await t.rejects(join({ user: { id: 1n }, connectTimeout: 0 }), {
    code: 'OPTION_INVALID',
    message: /`user` .* BigInt at id/
  })
})

t.test('a user that JSON would lose, or a part of it, never opens a connection as nobody', async t => {
  const { gateway, sockets, join } = await start(t)
  const users: [user: unknown, message: RegExp][] = [
    [() => 'token', /got a function at its top/],
    [Symbol('s'), /got a symbol at its top/],
    [{ toJSON: () => undefined }, /got an object whose toJSON gives nothing at its top/],
    [{ toJSON: () => null }, /got an object at its top/],
    [new Map([['token', 1]]), /got a Map at its top/],
    [/token/, /got a RegExp at its top/],
    [{ token: Promise.resolve('token') }, /got an instance of Promise at token/],
    [{ token: () => 'token', id: 1 }, /got .* \(function\) at token/],
    [{ token: Symbol('s'), id: 1 }, /got Symbol\(s\) \(symbol\) at token/],
    [Number.NaN, /got NaN \(number\) at its top/],
    [{ id: Number.POSITIVE_INFINITY }, /got Infinity \(number\) at id/],
    [new Date(Number.NaN), /got an object at its top/],
    [{ list: [() => 1] }, /\(function\) at 0/]
  ]
  for (const [user, message] of users) {
    const refused = await join({ user: () => user, connectTimeout: 50 }).catch(error => error)
    t.match(refused, { code: 'CONNECT_FAILED', message, cause: { code: 'OPTION_INVALID' } })
    t.ok(refused instanceof ClientError && refused.cause instanceof ClientError)
    // A function would be called.
    if (typeof user !== 'function')
      await t.rejects(join({ user, connectTimeout: 0 }), { code: 'OPTION_INVALID', message })
  }
  t.equal(sockets.length, 0)
  for (const user of [undefined, null, { token: undefined }, [], '', 0, false, new Date(5)]) {
    await join({ user })
    await join({ user: async () => user })
  }
  t.match(gateway.metrics(), { connectionsOpened: 16 })
})
