/** Rich bodies through a real gateway, worker and socket, beside clients without them. */
import { deepStrictEqual } from 'node:assert'
import { gzipSync } from 'node:zlib'
import t, { type Test } from 'tap'
import { decodeRich, encodeRich } from '../../../shared/bodies/rich-body.js'
import { startGateway } from '../../helpers/gateway.js'
import {
  encodeMessage,
  messageTypes,
  PomeloPlayer,
  packageTypes,
  type Reply
} from '../../helpers/pomelo-player.js'
import { until } from '../../helpers/until.js'

const { gateway, connect } = await startGateway(t, 'rich', { workers: 1 })

const rich = { type: 'sallyport', bodies: 'superjson', errorFlag: true }

async function join(t: Test, sys: Readonly<Record<string, unknown>> = {}): Promise<PomeloPlayer> {
  const player = await PomeloPlayer.join(gateway.url, { sys })
  t.teardown(() => player.leave())
  return player
}

function refuse(path: string, what: string): Error {
  return new Error(`${what} at ${path}`)
}

/** Sends a request with a rich body. Returns the decoded body of the reply. */
async function ask(player: PomeloPlayer, route: string, body?: unknown): Promise<unknown> {
  return read(await player.request(route, Buffer.from(encodeRich(body, refuse))))
}

function read({ bytes, isError }: Reply): unknown {
  const value = decodeRich(bytes.toString())
  if (isError) throw Object.assign(new Error(), value)
  return value
}

/** Returns the decoded bodies of the events of that name. */
function richEvents(player: PomeloPlayer, name: string): unknown[] {
  return player.events.filter(([route]) => route === name).map(([, form]) => decodeRich(JSON.stringify(form)))
}

t.test('who asks for rich bodies is granted them, and nobody else hears of them', async t => {
  const open = async (sys: Record<string, unknown>) => {
    const player = await PomeloPlayer.open(gateway.url)
    t.teardown(() => player.leave())
    const answer = await player.shakeHands({ sys })
    return (answer.sys as { bodies?: unknown } | undefined)?.bodies
  }
  t.equal(await open(rich), 'superjson')
  t.equal(await open({ bodies: 'superjson' }), 'superjson', 'whatever the client is called')
  t.equal(await open({}), undefined)
  t.equal(await open({ bodies: 'protobuf' }), undefined)
})

t.test('every kind of value goes to a handler and back as what it is', async t => {
  const player = await join(t, rich)
  const values: Record<string, unknown> = {
    date: new Date(1_700_000_000_000),
    map: new Map<unknown, unknown>([
      ['red', new Set([1, 'two', 3n])],
      [7, new Map()]
    ]),
    set: new Set(['a']),
    bigint: 2n ** 80n,
    undefined,
    nan: Number.NaN,
    infinity: Number.POSITIVE_INFINITY,
    minus: -0,
    url: new URL('http://example.com/a?b=c'),
    bytes: Uint8Array.of(0, 127, 255),
    floats: Float64Array.of(0.5, Number.NaN, -0, Number.NEGATIVE_INFINITY),
    shorts: Int16Array.of(-1, 32_767),
    'a.b\\c': [undefined, { deep: [new Date(0)] }],
    text: 'é好🎮',
    plain: [1, 'two', null, true, {}]
  }
  deepStrictEqual(await ask(player, 'bodies.echo', values), values)
  for (const value of Object.values(values)) deepStrictEqual(await ask(player, 'bodies.echo', value), value)
  const error = new TypeError('no', { cause: 7n })
  const back = (await ask(player, 'bodies.echo', error)) as Error
  t.ok(back instanceof Error)
  t.same([back.name, back.message, back.cause], ['TypeError', 'no', 7n])
  const { date, map, set, bigint, bytes, floats, url, nan } = values
  t.same(
    await ask(player, 'bodies.kinds', {
      date,
      map,
      set,
      bigint,
      bytes,
      floats,
      url,
      error,
      nan,
      none: undefined
    }),
    {
      date: 'Date',
      map: 'Map',
      set: 'Set',
      bigint: 'bigint',
      bytes: 'Uint8Array',
      floats: 'Float64Array',
      url: 'URL',
      error: 'Error',
      nan: 'number',
      none: 'undefined'
    }
  )
})

t.test('a body that is plain JSON is in the same form, and none is an empty body', async t => {
  const player = await join(t, rich)
  const { bytes } = await player.request('bodies.echo', { json: { points: 3 } })
  t.equal(bytes.toString(), '{"json":{"points":3}}')
  t.equal((await player.request('bodies.nothing')).bytes.length, 0)
  t.equal((await player.request('bodies.echo')).bytes.length, 0)
  const other = await join(t, { bodies: 'superjson' })
  t.equal((await other.request('bodies.nothing')).bytes.length, 0, 'whatever the client is called')
})

t.test('a gzipped body may be rich too', async t => {
  const player = await join(t, rich)
  const body = gzipSync(encodeRich({ at: new Date(5) }, refuse))
  player.send(packageTypes.data, encodeMessage(messageTypes.request, 900, 'bodies.echo', body, true))
  t.same(read(await player.reply(900)), { at: new Date(5) })
})

t.test('an error is in the same form', async t => {
  const player = await join(t, rich)
  const { body, isError } = await player.request('no.route')
  t.equal(isError, true)
  t.match(body, { json: { code: 500, error: 'ROUTE_UNKNOWN', message: /no\.route/ } })
})

t.test('an attack is answered with BODY_MALFORMED, and the connection stays', async t => {
  const player = await join(t, rich)
  const annotated = (json: unknown, values: unknown) => ({ json, meta: { values, v: 1 } })
  const attacks: [body: unknown, message: RegExp][] = [
    [annotated([1e9, 1e9], { 0: [['typed-array', 'Float64Array']] }), /the list of a Float64Array/],
    [{ json: { a: 1 }, meta: { referentialEqualities: { toString: ['a'] }, v: 1 } }, /referentialEqualities/],
    [annotated({ a: 1 }, { toString: ['undefined'] }), /no such value/],
    [annotated({ admin: true }, [['class', 'User']]), /no kind of value/],
    [annotated(['Error', 'm', null, null], [['custom', 'error']]), /no kind of value/],
    [annotated(['Uint8Array', 'AA=='], [['custom', 'bytes']]), /no kind of value/],
    [annotated('9'.repeat(60_000), ['bigint']), /more than 4096 digits/],
    [annotated('x', 'abc'), /annotations by their paths/],
    [annotated('/(a+)+$/', ['regexp']), /no kind of value/],
    [annotated({ a: {} }, { 'a.constructor.prototype.b': ['undefined'] }), /the step constructor/],
    [Buffer.from('{"json":{"__proto__":{"admin":true}}}'), /a key named __proto__/],
    [Buffer.from('{"json":'), /not JSON/],
    [Buffer.from([0x22, 0xff, 0x22]), /not UTF-8/],
    [{ points: 3 }, /expected \{"json":…\}/],
    [[1], /expected \{"json":…\}/]
  ]
  for (const [body, message] of attacks) {
    const reply = await player.request('bodies.echo', body)
    t.equal(reply.isError, true)
    t.match(reply.body.json, { error: 'BODY_MALFORMED', message })
  }
  t.same(await ask(player, 'bodies.echo', { still: 1n }), { still: 1n })
})

t.test(
  'clients without rich bodies get JSON, and what JSON can not say is an error with its path',
  async t => {
    const pomelo = await join(t)
    const text = await connect()
    for (const now of [(await pomelo.request('bodies.now')).body, await text.request('bodies.now')])
      t.same(now, { at: '1970-01-01T00:00:00.005Z' })
    const rows = [
      ['bodies.gold', "The reply can't be sent: a BigInt at player.gold"],
      ['bodies.teams', "The reply can't be sent: a Map at teams"]
    ] as const
    for (const [route, message] of rows) {
      t.match((await pomelo.request(route)).body, { error: 'REPLY_NOT_SERIALIZABLE', message })
      await t.rejects(text.request(route), { code: 'REPLY_NOT_SERIALIZABLE', message })
    }
    t.same((await pomelo.request('bodies.echo', { json: 1, meta: { values: ['Date'], v: 1 } })).body, {
      json: 1,
      meta: { values: ['Date'], v: 1 }
    })
    t.same((await pomelo.request('bodies.nothing')).body, {}, 'as ever')
    const player = await join(t, rich)
    t.same(await ask(player, 'bodies.gold'), { player: { gold: 7n } })
    t.same(await ask(player, 'bodies.teams'), { teams: new Map([['red', new Set(['ann'])]]) })
    deepStrictEqual(await ask(player, 'bodies.now'), { at: new Date(5), none: undefined })
  }
)

t.test('an event reaches each client in a form that it reads', async t => {
  const { gateway, connect } = await startGateway(t, 'rich', { workers: 1 })
  const open = async (sys: Readonly<Record<string, unknown>>) => {
    const player = await PomeloPlayer.join(gateway.url, { sys })
    t.teardown(() => player.leave())
    return player
  }
  const [player, pomelo, text] = [await open(rich), await open({}), await connect()]
  t.same(await ask(player, 'bodies.tell'), { reached: 3 })
  await until('the event came', () => text.events.length === 1)
  await pomelo.until(() => pomelo.events.length === 1 || undefined)
  deepStrictEqual(richEvents(player, 'told'), [{ at: new Date(5), none: undefined }])
  t.same(pomelo.events, [['told', { at: '1970-01-01T00:00:00.005Z' }]])
  t.same(text.events, [['told', { at: '1970-01-01T00:00:00.005Z' }]])

  t.same(await ask(player, 'bodies.tellPlain'), { reached: 3 })
  t.same(richEvents(player, 'plain'), [{ score: 3 }])

  t.same(await ask(player, 'bodies.tellTeams', { richOnly: false }), {
    reached: "The event can't be sent: a Map at teams (with richOnly it goes to clients of rich bodies alone)"
  })
  t.same(await ask(player, 'bodies.tellTeams', { richOnly: true }), { reached: 1 })
  t.same(richEvents(player, 'teams'), [{ teams: new Map([['red', new Set(['ann'])]]) }])

  t.throws(() => gateway.broadcast('host', { gold: 1n }), {
    code: 'EVENT_NOT_SERIALIZABLE',
    message: /a BigInt at gold/
  })
  t.equal(gateway.broadcast('host', { gold: 1n }, { richOnly: true }), 1)
  t.equal(gateway.broadcast('end', { at: new Date(5) }), 3)
  await player.until(() => (richEvents(player, 'end').length === 1 ? true : undefined))
  t.same(richEvents(player, 'host'), [{ gold: 1n }])
  await pomelo.until(() => pomelo.events.find(([name]) => name === 'end'))
  t.same(
    pomelo.events.map(([name]) => name),
    ['told', 'plain', 'end']
  )
})
