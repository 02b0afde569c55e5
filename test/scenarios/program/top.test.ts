/** `sallyport top`, without a terminal: a summary, lines of JSON, and why there is none. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import type { Overview } from '../../../gateway/console/api/console-api.js'
import { overviewAt } from '../../helpers/overview.js'
import { startTool } from '../../helpers/tool.js'
import { until } from '../../helpers/until.js'

let asked = 0
const diagnosis: Overview['diagnosis'][number][] = []
const server = createServer((request, response) => {
  if (request.url !== '/console/api/overview' && request.url !== '/ops/g1/api/overview')
    return response.writeHead(404).end()
  if (request.headers.authorization !== 'Bearer secret') return response.writeHead(401).end()
  asked++
  const overview = overviewAt(asked, { requests: asked * 100, counts: [asked, 0, 0], active: 0 })
  response.end(JSON.stringify({ ...overview, diagnosis }))
})
server.listen(0, '127.0.0.1')
await once(server, 'listening')
t.teardown(() => {
  server.closeAllConnections()
  server.close()
})
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

t.test('without a terminal it prints one summary, of one interval, and ends', async t => {
  const tool = startTool(t, ['top', url, '--token', 'secret', '--interval', '10ms'])
  t.equal(await tool.ended, 0, tool.err)
  t.match(tool.out, /^test-1 {2}ready {2}up \d+ s {2}Sallyport 1\.2\.3$/m)
  t.match(tool.out, /requests +100\/s/)
  t.match(tool.out, /^All is well\.$/m)
  t.notMatch(tool.out, '\u001b')
})

t.test('without a terminal no line is cut', async t => {
  const todo = `${'Look into the log. '.repeat(20)}This is the end.`
  diagnosis.push({ severity: 'warn', what: 'Something is wrong', todo })
  const tool = startTool(t, ['top', url, '--token', 'secret', '--interval', '10ms'])
  t.equal(await tool.ended, 0, tool.err)
  diagnosis.pop()
  t.match(tool.out, `\n      ${todo}\n`)
})

t.test('with --json it prints a line for each interval, until it is asked to end', async t => {
  const env = { SALLYPORT_CONSOLE_TOKEN: 'secret' }
  const tool = startTool(t, ['top', url, '--json', '--interval', '10ms'], { env })
  await until('three lines are there', () => tool.out.split('\n').length > 3, 60_000)
  tool.process.kill('SIGINT')
  t.equal(await tool.ended, 0, tool.err)
  for (const line of tool.out.trim().split('\n'))
    t.match(JSON.parse(line), { frontendId: 'test-1', rates: { requests: 100 }, ready: true })
})

t.test('a signal ends it while a question is open, the first one or a later one', async t => {
  for (const answered of [0, 2]) {
    let questions = 0
    const silent = createServer((_request, response) => {
      questions++
      const overview = overviewAt(questions, { requests: 100, counts: [1, 0, 0], active: 0 })
      if (questions <= answered) response.end(JSON.stringify(overview))
    })
    silent.listen(0, '127.0.0.1')
    await once(silent, 'listening')
    t.teardown(() => {
      silent.closeAllConnections()
      silent.close()
    })
    const { port } = silent.address() as AddressInfo
    const tool = startTool(t, ['top', `http://127.0.0.1:${port}`, '--json', '--interval', '10ms'])
    await until('a question is open', () => questions > answered, 60_000)
    tool.process.kill('SIGINT')
    t.equal(await tool.ended, 0, tool.err)
  }
})

t.test('the URL may be that of the console, also below a path of a proxy', async t => {
  for (const path of ['/console/', '/console', '/ops/g1/', '/ops/g1?x#overview']) {
    const tool = startTool(t, ['top', url + path, '--token', 'secret', '--interval', '10ms'])
    t.equal(await tool.ended, 0, tool.err)
    t.match(tool.out, /^test-1 {2}ready /m)
  }
  const tool = startTool(t, ['top', `${url}/ops/`, '--token', 'secret'])
  t.equal(await tool.ended, 1)
  t.match(tool.err, /^sallyport: No connection to http:.*\/ops\/ .*: there is no console at this address/)
})

t.test('a URL with a password is refused without showing it', async t => {
  const tool = startTool(t, ['top', url.replace('//', '//Ann:hidden@'), '--token', 'secret'])
  t.equal(await tool.ended, 1)
  t.match(tool.err, /^sallyport: No connection to http:\/\/127\..* the URL has a user or a password; give /)
  t.notMatch(tool.err, /hidden/)
})

t.test('it says why there is no overview', async t => {
  const rows: readonly [readonly string[], RegExp][] = [
    [[url], /the token of the console is missing or wrong; give it by --token or SALLYPORT_CONSOLE_TOKEN$/],
    [['http://127.0.0.1:2'], /nothing listens there; is the gateway running, and its internal port on\?$/],
    [['ftp://x'], /^sallyport: Expected the URL of a gateway’s internal port, .* got "ftp:\/\/x"$/]
  ]
  for (const [args, message] of rows) {
    const tool = startTool(t, ['top', ...args])
    t.equal(await tool.ended, 1)
    t.match(tool.err.trim(), message)
  }
})
