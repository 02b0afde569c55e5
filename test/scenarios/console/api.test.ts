/** The console's API of a real gateway: each address, each refusal, and its effect on players and workers. */
import { once } from 'node:events'
import { connect as connectTcp } from 'node:net'
import t from 'tap'
import { consoleAddresses } from '../../../gateway/console/api/console-api.js'
import { type Answer, type Body, client, token, untilAsync } from '../../helpers/console-client.js'
import { startGateway } from '../../helpers/gateway.js'
import { matchRows } from '../../helpers/match-rows.js'
import { until } from '../../helpers/until.js'

const options = { internalPort: 0, consoleToken: token, workers: 1 } as const
const { gateway, lines, connect } = await startGateway(t, 'session', options)
const { url } = gateway.console!
const api = client(url)

t.test('a player is found by uid, sid and address, shown with who pushed what, and kicked', async t => {
  const player = await connect()
  await player.request('own.bind', 'Ann')
  const [found] = (await api.get('api/sessions?by=uid&query=an')).body.sessions
  t.match(found, { uid: 'Ann', address: { ip: '127.0.0.1' }, connected: true, requests: 0 })
  for (const query of [
    `by=sid&query=${found.sid}`,
    'by=address&query=127.',
    'query=ANN',
    `query=${found.sid}`
  ])
    t.same(
      (await api.get(`api/sessions?${query}`)).body.sessions.map((each: Body) => each.sid),
      [found.sid],
      query
    )
  t.same((await api.get('api/sessions?by=sid&query=Ann')).body.sessions, [])

  gateway.sessions.forEachSession(each => each.set('byHost', new Date(0)))
  await player.request('own.push', { score: { points: 3 } })
  const path = `api/sessions/${found.sid}`
  const { body: shown } = await api.get(path)
  matchRows(
    t,
    shown.settings.map(({ key, value, by }: Body) => ({ key, value, by })),
    [
      { key: 'byHost', value: '"1970-01-01T00:00:00.000Z"', by: null },
      { key: 'score', value: '{"points":3}', by: 'own.push' }
    ]
  )
  t.ok(
    shown.settings.every(({ at }: Body) => Math.abs(at - shown.at) < 60_000),
    'each has its time'
  )
  t.match(shown, {
    protocol: 'json',
    sendBuffer: { bytes: 0, limit: 1_048_576 },
    backlog: null,
    channels: []
  })
  // The client is pinged while somebody looks.
  await untilAsync(async () => (await api.get(path)).body.roundTrip > 0)

  t.match(await api.post(`${path}/unbind`), { status: 200, body: { ok: true } })
  t.match(await api.post(`${path}/unbind`), { status: 409, body: { error: { code: 'CONFLICT' } } })
  t.same(await api.post(`${path}/kick`, { reason: 'Enough' }).then(({ status }) => status), 200)
  t.match(await player.closed, { code: 4500, reason: 'Enough' })
  t.match(await api.get(path), { status: 404, body: { error: { code: 'NOT_FOUND' } } })

  const { entries } = (await api.get('api/audit')).body
  t.match(entries[0], { action: 'kick', to: `session ${found.sid}`, by: '127.0.0.1 (token)', result: 'done' })
  matchRows(
    t,
    lines
      .filter(({ fields }) => fields['action'] === 'kick')
      .map(({ level, message }) => ({ level, message })),
    [{ level: 'info', message: 'The console was used' }]
  )
})

t.test('the address without its last slash leads to the page, also below a path of a proxy', async t => {
  const response = await fetch(url.slice(0, -1), { redirect: 'manual' })
  t.equal(response.status, 308)
  const location = response.headers.get('location')!
  t.equal(new URL(location, 'http://proxy.example/ops/console').pathname, '/ops/console/')
  t.match(await (await fetch(url.slice(0, -1))).text(), /^<!doctype html>/i)
})

t.test('sessions come in pages', async t => {
  const players = await Promise.all([connect(), connect(), connect()])
  await Promise.all(players.map(player => player.request('own.bind', 'many')))
  const seen: number[] = []
  for (let after: number | null = 0, pages = 0; after !== null; pages++) {
    t.ok(pages < 4, 'it ends')
    const { body }: Answer = await api.get(`api/sessions?query=many&limit=2&after=${after}`)
    t.ok(body.sessions.length <= 2)
    seen.push(...body.sessions.map((each: Body) => each.sid))
    after = body.next
  }
  t.equal(new Set(seen).size, 3)
})

t.test('the overview, the workers and the routes have what they promise', async t => {
  const { body: overview } = await api.get('api/overview')
  t.match(overview, { ready: true, frontendId: 'gateway-1', version: /^\d/, diagnosis: [] })
  t.ok(overview.counters.connectionsOpened > 0)
  t.type(overview.gauges.sessions, 'number')
  t.notOk('sessions' in overview.counters)
  t.ok(overview.memory.rss > 0 && overview.cpu > 0)
  const { body: workers } = await api.get('api/workers')
  const { heap, busy, ...worker } = workers.workers[0]
  t.match(worker, { index: 0, state: 'up', requests: 0, givenUp: 0, batch: null, givenUpRoutes: [] })
  t.ok(heap.used > 0 && heap.used <= heap.limit && busy.active <= busy.total)
  const { body: routes } = await api.get('api/routes')
  t.ok(routes.routes.some((each: Body) => each.route === 'own.push' && each.suspendedFor === 0))
  t.same((await api.get('api/address')).body, { url: gateway.url })
  const { body: log } = await api.get('api/log?level=warn&text=x')
  t.match(log, { start: /^[\w-]{36}$/, lines: [], missed: 0 })
  t.equal((await api.get('api/log')).body.start, log.start)
  t.match((await api.post('api/routes/own.push/resume')).body, { error: { code: 'CONFLICT' } })
})

t.test('the event-loop delay is the same to all who ask', async t => {
  const read = async () => (await api.get('api/overview')).body.eventLoopDelay
  // The gateway runs in this thread.
  const end = performance.now() + 300
  while (performance.now() < end);
  await untilAsync(async () => (await read()).max > 0.2)
  t.ok((await read()).max > 0.2, 'the next one sees it too')
})

t.test('what the workers tell is not of the future, though a busy one answers late', async t => {
  const player = await connect()
  const { batches = 0 } = gateway.metrics()
  const endedAt = player.request('own.block', 100)
  await until('the worker has the request', () => (gateway.metrics()['batches'] ?? 0) > batches)
  const { body } = await api.get('api/workers')
  t.ok(body.at >= Number(await endedAt))
})

t.test('a refused change is noted with what it was about', async t => {
  await api.post('api/workers/0/profile', { seconds: -1, more: 1 })
  await api.post('api/gateway/profile', [])
  await api.post('api/sessions/7/kick', { reason: 'x'.repeat(200), more: 1 })
  const { entries } = (await api.get('api/audit')).body
  t.same(
    entries.slice(0, 3).map(({ to, result }: Body) => [to, result]),
    ['session 7', 'gateway', 'worker 0'].map(to => [to, 'BAD_REQUEST'])
  )
})

t.test('a worker that is restarted finishes what it has begun', async t => {
  const { body: before } = await api.get('api/workers')
  t.equal((await api.post('api/workers/0/restart')).status, 200)
  await untilAsync(async () => {
    const { body } = await api.get('api/workers')
    const [worker] = body.workers.filter((each: Body) => each.state === 'up')
    return worker?.restarts === before.workers[0].restarts + 1 && worker.ends.length > 0
  })
  const { body } = await api.get('api/workers')
  t.match(body.workers[0].ends[0], { cause: 'restarted from the console', route: null })
})

t.test('profiles and heap snapshots are files to download', async t => {
  const parts = { 'workers/0': 'worker-0', gateway: 'gateway' }
  const record = async ([part, name]: [part: string, name: string]) => {
    const profile = await api.post(`api/${part}/profile`, { seconds: 1 })
    t.match(
      profile.headers.get('content-disposition'),
      new RegExp(`attachment; filename="${name}-\\d+.cpuprofile"`)
    )
    t.ok(JSON.parse(profile.body).samples.length > 0)
  }
  await Promise.all(Object.entries(parts).map(record))
  const snapshot = await api.post('api/workers/0/heap-snapshot')
  t.match(snapshot.headers.get('content-disposition'), /\.heapsnapshot"$/)
  t.ok(JSON.parse(snapshot.body).snapshot.node_count > 0)
  t.equal(gateway.metrics().workersLost, 0)
})

t.test('each call but the login needs the token', async t => {
  const anyone = client(url, {})
  for (const { method, path, kind } of Object.values(consoleAddresses)) {
    if (kind === 'open') continue
    const answer = await anyone.call(method, path.replace('SID', '1').replace('INDEX', '0'))
    t.match(answer, { status: 401, body: { error: { code: 'UNAUTHORIZED' } } }, path)
  }
})

t.test('a wrong request is told what was wrong with it', async t => {
  const wrong: [path: string, body: unknown, status: number, message: RegExp][] = [
    ['api/nothing', undefined, 404, /no such address/],
    ['api/sessions?limit=0', undefined, 400, /limit to be a whole number from 1 to 200, got "0"/],
    ['api/sessions?by=name', undefined, 400, /by to be one of uid, sid, address, any/],
    ['api/sessions?sort=uid', undefined, 400, /no parameter "sort" here; expected query, by, after, limit/],
    [`api/sessions?query=${'x'.repeat(201)}`, undefined, 400, /query to be a text of at most 200/],
    ['api/sessions/__proto__', undefined, 404, /no such session/],
    ['api/sessions/%E0%A4%A', undefined, 400, /percent-encoded/],
    ['api/log?level=loud', undefined, 400, /level to be one of/],
    ['api/workers/7/restart', {}, 404, /no such worker/],
    ['api/workers/0/profile', { seconds: 31 }, 400, /seconds to be a whole number from 1 to 30/],
    ['api/workers/0/profile', { sceonds: 1 }, 400, /no parameter "sceonds"/],
    ['api/workers/0/profile', '{', 400, /to be JSON/],
    ['api/workers/0/profile', '[]', 400, /a JSON object/],
    ['api/routes/none.such/resume', {}, 404, /no such route/],
    ['api/overview', {}, 405, /takes GET/],
    ['api/login', { token: 'x'.repeat(5_000) }, 413, /at most 4096 bytes/]
  ]
  for (const [path, body, status, message] of wrong) {
    const answer = body === undefined ? await api.get(path) : await api.post(path, body)
    t.match(answer, { status, body: { error: { message } } }, path)
  }
})

t.test('a login sets a cookie for this site alone, and its page needs the header too', async t => {
  const login = await client(url, {}).post('api/login', { token })
  const cookie = login.headers.get('set-cookie')!
  t.match(cookie, /^sallyport_[0-9a-f]{8}=[\w-]{43}; HttpOnly; SameSite=Strict; Max-Age=43200$/)
  const { csrf } = login.body
  const [pair] = cookie.split(';')
  const page = client(url, { cookie: pair! })
  t.match((await page.get('api/me')).body, { csrf, readOnly: false, frontendId: 'gateway-1' })
  t.match(await page.post('api/workers/0/restart'), { status: 403, body: { error: { code: 'CSRF' } } })
  const trusted = client(url, { cookie: pair!, 'x-sallyport-csrf': csrf })
  t.equal((await trusted.post('api/sessions/1/kick')).status, 404)
  for (const headers of [{ origin: 'http://evil.example' }, { 'sec-fetch-site': 'cross-site' }]) {
    const foreign = client(url, { cookie: pair!, 'x-sallyport-csrf': csrf, ...headers } as Record<
      string,
      string
    >)
    t.match(await foreign.get('api/me'), { status: 403, body: { error: { code: 'FORBIDDEN_ORIGIN' } } })
  }
  t.match((await trusted.post('api/logout')).headers.get('set-cookie'), /Max-Age=0/)
  t.equal((await page.get('api/me')).status, 401, 'the login has ended')
})

t.test('after ten wrong tokens no token is looked at, and a login goes on', async t => {
  const login = await client(url, {}).post('api/login', { token })
  const page = client(url, { cookie: login.headers.get('set-cookie')!.split(';')[0]! })
  const statuses: number[] = []
  for (let i = 0; i < 11; i++)
    statuses.push((await client(url, {}).post('api/login', { token: `wrong ${i}` })).status)
  t.same(statuses, [...Array(10).fill(401), 429])
  const refused = await api.get('api/me')
  t.equal(refused.status, 429, 'not even the right one')
  t.match(refused.headers.get('retry-after'), /^\d+$/)
  t.equal((await page.get('api/me')).status, 200)
  const warned = lines.filter(({ message }) => /wrong tokens/.test(message))
  matchRows(
    t,
    warned,
    [{ level: 'warn', fields: { of: '127.0.0.1', seconds: Number } }],
    'which is told once'
  )
  t.notOk(JSON.stringify(lines).includes(token), 'no line of the log has the token')
})

t.test('a call that breaks off in its body is no failure of the gateway', async t => {
  const before = lines.length
  const { host, hostname, port, pathname } = new URL(`${url}api/login`)
  const socket = connectTcp(Number(port), hostname)
  const type = 'Content-Type: application/json\r\nContent-Length: 100'
  socket.end(`POST ${pathname} HTTP/1.1\r\nHost: ${host}\r\n${type}\r\n\r\n{`).resume()
  await once(socket, 'close')
  t.same(
    lines.slice(before).filter(({ level }) => level === 'error' || level === 'warn'),
    []
  )
})

t.test('in read-only mode nothing changes', async t => {
  const { gateway } = await startGateway(t, 'session', { ...options, consoleReadOnly: true })
  const reader = client(gateway.console!.url)
  t.equal((await reader.get('api/me')).body.readOnly, true)
  for (const { method, path, kind } of Object.values(consoleAddresses)) {
    if (kind !== 'change') continue
    const answer = await reader.call(method, path.replace('SID', '1').replace('INDEX', '0'))
    t.match(answer, { status: 403, body: { error: { code: 'READ_ONLY' } } }, path)
  }
  t.equal((await reader.get('api/audit')).body.entries[0].result, 'READ_ONLY')
})
