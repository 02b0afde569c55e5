/** The tools in a terminal: the progress of a load, the screen of `top`, and typing in `play`. */
import { once } from 'node:events'
import { readFileSync, statSync } from 'node:fs'
import { createServer } from 'node:http'
import { type AddressInfo, createServer as createTcpServer } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { startGateway } from '../../helpers/gateway.js'
import { overviewAt } from '../../helpers/overview.js'
import { startInTerminal, whyNoTerminal } from '../../helpers/tool.js'
import { until } from '../../helpers/until.js'

const { gateway } = await startGateway(t, 'tools')
const skip = whyNoTerminal()
const clearLine = '\u001b[K'

t.test(
  'the progress of a load is one line, cut to the width, that the report replaces',
  { skip },
  async t => {
    const args = ['load', gateway.url, '--route', 'player.echo', '--seconds', '1h', '--sockets', '2']
    const tool = startInTerminal(t, args, { columns: 40, rows: 20 })
    const progress = () =>
      tool.out
        .split('\r')
        .filter(line => line.includes(clearLine))
        .map(line => line.slice(0, line.indexOf(clearLine)).trim())
    const sent = () => progress().filter(line => /^[\d,.]+ requests\/s, /.test(line))
    await until('a line of progress is there', () => sent().length > 0, 60_000)
    tool.process.stdin!.write('\u0003')
    t.equal(await tool.ended, 0, tool.out)
    for (const line of progress()) t.ok(line.length < 40, line)
    t.notMatch(tool.out.slice(0, tool.out.lastIndexOf(clearLine)), /requests\/s[^\r]*\n/, 'on one line')
    const [, report] = tool.out.split(`\r${clearLine}`)
    t.match(report, /requests in .*\(ended before its time\)/, 'it is cleared before the report')
  }
)

t.test('the error of a load that cannot connect stands on a line of its own', { skip }, async t => {
  // It accepts connections, and never answers.
  const server = createTcpServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`
  const tool = startInTerminal(t, ['load', url, '--route', 'a.b', '--timeout', '1500ms'])
  t.equal(await tool.ended, 1)
  t.match(tool.out, `\r${clearLine}sallyport: No connection to ${url}/ came about`)
})

t.test('top draws over what it drew, also in a terminal that does not know its size', { skip }, async t => {
  let asked = 0
  const server = createServer((_request, response) => {
    asked++
    response.end(
      JSON.stringify(overviewAt(asked, { requests: asked * 100, counts: [asked, 0, 0], active: 0 }))
    )
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  for (const size of [undefined, { columns: 30, rows: 6 }]) {
    const tool = startInTerminal(t, ['top', url, '--interval', '10ms'], size)
    const screens = () => tool.out.split('\u001b[H').slice(1)
    await until('three screens are there', () => screens().length > 3, 60_000)
    tool.process.stdin!.write('\u0003')
    t.equal(await tool.ended, 0, tool.out)
    t.ok(tool.out.startsWith('\u001b[2J\u001b[H'), tool.out)
    const lines = screens()[1]!.split('\r\n')
    t.match(lines[0], /test-1 {2}ready {2}up \d+ s/)
    t.equal(lines.at(-1), '\u001b[J', 'what is below is cleared')
    if (size === undefined) t.match(screens()[1], /requests +100\/s/)
    else t.equal(lines.length, size.rows, 'and the last line is free, so that nothing scrolls')
  }
})

t.test(
  'in a terminal play completes routes, and keeps a history that only its owner reads',
  { skip },
  async t => {
    const file = join(t.testdir({}), 'history')
    /** Types each key when the terminal shows what is before it. */
    const play = async (keys: readonly (readonly [string, string])[]) => {
      const tool = startInTerminal(t, ['play', gateway.url, '--history', file], { columns: 80, rows: 20 })
      for (const [shown, key] of keys) {
        await until(`it shows ${shown}`, () => tool.out.includes(shown), 60_000)
        tool.process.stdin!.write(key)
      }
      t.equal(await tool.ended, 0, tool.out)
    }
    const answer = '\u001b[39m {"a":1}'
    await play([
      ['> ', 'player.ec\t'],
      ['player.echo', ' {"a":1}\r'],
      [answer, '\u0004']
    ])
    t.equal(readFileSync(file, 'utf8'), 'player.echo {"a":1}\n')
    t.equal(statSync(file).mode & 0o777, 0o600)
    // The key up brings the line back.
    await play([
      ['> ', '\u001b[A'],
      ['player.echo {"a":1}', '\r'],
      [answer, '\u0004']
    ])
  }
)
