/** The console of a gateway in production, whose workers are processes. */
import t from 'tap'
import { howToTurnOn } from '../../../gateway/console/api/console-api.js'
import { type Body, client, token } from '../../helpers/console-client.js'
import { startGateway } from '../../helpers/gateway.js'
import { matchRows } from '../../helpers/match-rows.js'
import { setNodeEnv } from '../../helpers/node-env.js'
import { startTool } from '../../helpers/tool.js'

t.test('without a token the console is off, and says how to turn it on', async t => {
  setNodeEnv(t, 'production')
  const { gateway, lines } = await startGateway(t, 'faults', { internalPort: 0, workers: 1 })
  t.equal(gateway.console, undefined)
  for (const [method, path] of [
    ['GET', 'console'],
    ['GET', 'console/'],
    ['GET', 'console/api/overview'],
    ['POST', 'console/api/login']
  ] as const) {
    const response = await fetch(new URL(path, `${gateway.internalUrl}/`), { method })
    t.same([response.status, (await response.text()).trim()], [404, howToTurnOn], path)
  }
  t.match(
    howToTurnOn,
    /off: in production it needs a token, by the option consoleToken or SALLYPORT_CONSOLE_TOKEN/
  )
  matchRows(
    t,
    lines.filter(({ message }) => message === howToTurnOn),
    [{ level: 'info' }]
  )
  const tool = startTool(t, ['top', gateway.internalUrl!])
  t.equal(await tool.ended, 1)
  t.match(tool.err, `: ${howToTurnOn}\n`)
  t.equal((await fetch(new URL('readyz', `${gateway.internalUrl}/`))).status, 200, 'the rest is there')
})

t.test('with a token it examines a process, and resumes a route', async t => {
  setNodeEnv(t, 'production')
  const { gateway, connect } = await startGateway(t, 'faults', {
    internalPort: 0,
    consoleToken: token,
    workers: 1,
    isolation: 'process'
  })
  const api = client(gateway.console!.url)
  const [worker] = (await api.get('api/workers')).body.workers
  t.match(worker, { isolation: 'process', state: 'up', heap: {}, busy: {} })
  t.not(worker.id, process.pid)
  t.equal(process.kill(worker.id, 0), true, 'the id is that of its process')

  const profile = await api.post('api/workers/0/profile', { seconds: 1 })
  t.match(profile.headers.get('content-disposition'), /"worker-0-\d+\.cpuprofile"/)
  t.ok(JSON.parse(profile.body).samples.length > 0)
  const take = () => api.post('api/workers/0/heap-snapshot')
  let answers: Body[]
  // On a busy machine the second may come only when the first is done, and then both are taken.
  do answers = await Promise.all([take(), take()])
  while (answers.every(({ status }) => status === 200))
  const [snapshot, second] = answers.sort((a, b) => a.status - b.status) as [Body, Body]
  t.ok(JSON.parse(snapshot.body).snapshot.node_count > 0)
  t.equal(second.status, 409, 'one at a time')
  t.equal(second.body.error.code, 'CONFLICT')
  t.equal(gateway.metrics().workersLost, 0)

  const player = await connect()
  for (let death = 1; death <= 3; death++)
    await t.rejects(player.request('fault.exit'), { code: 'HANDLER_FATAL' })
  await t.rejects(player.request('fault.exit'), { code: 'ROUTE_SUSPENDED' })
  const readRoute = async () =>
    (await api.get('api/routes')).body.routes.find(({ route }: Body) => route === 'fault.exit')
  const { suspendedFor } = await readRoute()
  t.ok(suspendedFor > 0 && suspendedFor <= 60_000)
  const { diagnosis } = (await api.get('api/overview')).body
  t.ok(diagnosis.some(({ what }: Body) => /route fault\.exit is suspended/.test(what)))
  t.match(await api.post('api/routes/fault.exit/resume'), { status: 200, body: { ok: true } })
  t.equal((await readRoute()).suspendedFor, 0)
  await t.rejects(player.request('fault.exit'), { code: 'HANDLER_FATAL' }, 'its handler runs again')
  t.match(await api.post('api/routes/fault.exit/resume'), { status: 409 }, 'its deaths were forgotten')
  t.match((await api.get('api/audit')).body.entries[1], {
    action: 'resumeRoute',
    to: 'route fault.exit',
    result: 'done'
  })
})
