/** The lines at the level `debug`: the lives of connections, sessions, requests, workers and reloads. */
import t from 'tap'
import { startGateway } from '../../helpers/gateway.js'
import { matchRows } from '../../helpers/match-rows.js'
import { failureOf } from '../../helpers/player.js'
import { frame, opcodes, RawClient } from '../../helpers/raw-client.js'
import { readText } from '../../helpers/sources.js'
import { until } from '../../helpers/until.js'

const handlers = `
export async function enter({ name, secret }, session) {
  await session.abind(name)
  session.set('secret', secret)
  await session.apushAll()
  return { secret }
}
export function fail() {
  throw new Error('a fault')
}
`

t.test('each step in the life of a session is a line, and no line holds a body or a setting', async t => {
  const folder = t.testdir({ 'a.js': handlers })
  const { gateway, connect, lines } = await startGateway(t, folder, { workers: 1, logLevel: 'debug' })
  const red = await connect()
  await red.request('a.enter', { name: 'red', secret: 'xyzzy' })
  await failureOf(red.request('a.fail'))
  await failureOf(red.request('a.none'))
  await gateway.reload()
  red.ws.close(1000)
  const debugs = () => lines.filter(({ level }) => level === 'debug')
  const isOver = () =>
    ['A connection was closed', 'A worker has ended'].every(each =>
      debugs().some(({ message }) => message === each)
    )
  await until('the connection and the old worker have ended', isOver)

  const found = (message: string) => debugs().find(each => each.message === message)?.fields
  const { sid } = found('A session was opened') as { sid: number }
  t.match(found('A worker starts'), { worker: 0 })
  t.match(found('A worker is up'), { worker: 0, ms: Number, routes: 2 })
  t.match(found('A connection was opened'), { ip: '127.0.0.1', port: Number })
  t.match(found('A session was opened'), { ip: '127.0.0.1', port: Number, protocol: 'json' })
  t.match(found('A session was bound'), { sid, uid: 'red' })
  const done = debugs().filter(({ message }) => message === 'A request is done')
  matchRows(
    t,
    done.map(({ fields }) => fields),
    [
      { route: 'a.enter', requestId: Number, sid, ms: Number, outcome: 'reply' },
      { route: 'a.fail', requestId: Number, sid, ms: Number, outcome: 'INTERNAL' }
    ]
  )
  t.match(found('A request was refused'), { sid, uid: 'red', code: 'ROUTE_UNKNOWN', error: /a\.none/ })
  t.ok(found('A reload begins'))
  t.match(found('A reload is over'), { ms: Number, outcome: 'done' })
  t.match(found('A worker has ended'), { worker: 0, ms: Number, cause: 'the gateway has ended it' })
  t.match(found('A session was closed'), { sid, uid: 'red', reason: 'client closed' })
  t.match(found('A connection was closed'), { ip: '127.0.0.1', code: 1000, reason: 'client closed' })
  t.notMatch(JSON.stringify(debugs()), /xyzzy/)
})

t.test('a connection that the gateway closes says why, and a worker that dies says its cause', async t => {
  const folder = t.testdir({ 'a.js': 'export function die() { process.exit(3) }' })
  const { gateway, connect, lines } = await startGateway(t, folder, { workers: 1, logLevel: 'debug' })
  const red = await connect()
  await failureOf(red.request('a.die'))
  const find = (what: string) => lines.find(({ message }) => message === what)?.fields
  const { sid } = find('A session was opened') as { sid: number }
  gateway.sessions.kickBySessionId(sid, 'cheating')
  const { code } = await red.closed
  await until('both are told', () => ['A connection was closed', 'A worker has ended'].every(find))
  t.match(find('A connection was closed'), { code, reason: 'cheating' })
  t.match(find('A worker has ended'), { worker: 0, cause: /exit/ })
})

t.test('a connection that the gateway closes tells its code, whatever the client answers', async t => {
  const folder = t.testdir({ 'a.js': handlers })
  const { gateway, lines } = await startGateway(t, folder, { workers: 1, logLevel: 'debug' })
  const answers = [frame(opcodes.close, [0x03, 0xe8]), undefined]
  for (const answer of answers) {
    const client = await RawClient.open(t, gateway)
    await until('it has a session', () => gateway.metrics().sessions === 1)
    const { sid } = lines.findLast(({ message }) => message === 'A session was opened')!.fields as {
      sid: number
    }
    gateway.sessions.kickBySessionId(sid, 'cheating')
    const code = await client.closeCode()
    if (answer === undefined) client.socket.destroy()
    else client.socket.write(answer)
    await until('it is gone', () => gateway.metrics().connections === 0)
    const told = lines.findLast(({ message }) => message === 'A connection was closed')?.fields
    t.match(told, { code, reason: 'cheating' })
  }
})

t.test('at other levels there are no such lines, whoever writes the log', async t => {
  const folder = t.testdir({ 'a.js': handlers })
  const { connect, lines } = await startGateway(t, folder, { workers: 1, logLevel: 'info' })
  const red = await connect()
  await red.request('a.enter', { name: 'red', secret: '' })
  t.same(
    lines.filter(({ level }) => level === 'debug'),
    []
  )
})

t.test('log.md lists every line of debug-lines.ts and trace-lines.ts, and no other', async t => {
  const traced = [...readText('gateway/tracing/trace-lines.ts').matchAll(/trace\('([^']+)'/g)].map(
    ([, message]) => message
  )
  const traces =
    /## Lines at the level trace\n([\s\S]*?)\n## /.exec(readText('docs/reference/log.md'))?.[1] ?? ''
  t.same([...traces.matchAll(/^\| `([^`]+)`/gm)].map(([, message]) => message).sort(), traced.sort())
  const code = readText('gateway/tracing/debug-lines.ts')
  const written = [...code.matchAll(/(?:debug|tell)\('([^']+)'/g)].map(([, message]) => message)
  const section =
    /## Lines at the level debug\n([\s\S]*?)\n## /.exec(readText('docs/reference/log.md'))?.[1] ?? ''
  const listed = [...section.matchAll(/^\| `([^`]+)`/gm)].map(([, message]) => message)
  t.ok(written.length > 10)
  t.same(listed.sort(), [...new Set(written)].sort())
})
