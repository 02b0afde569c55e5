/** `sallyport play`: lines from a pipe, against a gateway of ours and a server of Pomelo's protocol. */
import t from 'tap'
import { startGateway } from '../../helpers/gateway.js'
import { matchRows } from '../../helpers/match-rows.js'
import { startPomeloServer } from '../../helpers/pomelo-server.js'
import { startTool } from '../../helpers/tool.js'
import { until } from '../../helpers/until.js'

const { gateway } = await startGateway(t, 'tools')

t.test('piped lines run one after the other, and replies, events and errors are shown', async t => {
  const input = `
# a comment
player.echo {"a":[1,"é"]}
.events off
player.greet {"name":"x"}
.wait greeting
.cut
.state
.resume
player.echo 2
.routes
`
  const tool = startTool(t, ['play', gateway.url], { input })
  t.equal(await tool.ended, 0, tool.out + tool.err)
  const lines = tool.out.trim().split('\n')
  t.match(lines[0], /^← \{"a":\[1,"é"\]\} {2}[\d.]+ (µs|ms|s)$/)
  t.match(lines[1], /^← "greeted"/)
  t.equal(lines[2], '⚡ greeting {"hello":"x"}')
  t.ok(lines.includes('cut, until .resume'))
  t.ok(lines.includes('the session is resumed'))
  t.ok(lines.some(line => /^← 2 {2}/.test(line)))
  t.ok(lines.includes('player.greet'), 'the routes are those of the handshake')
})

t.test('with --json each is a line of JSON; an error, also of a line, is exit code 1', async t => {
  const input = 'player.refuse\nplayer.greet {"name":"x"}\nplayer.echo {\n.exit\nplayer.echo 1\n'
  const tool = startTool(t, ['play', gateway.url, '--json'], { input })
  t.equal(await tool.ended, 1)
  const shown = tool.out
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))
  matchRows(
    t,
    shown.filter(({ type }) => type !== 'event'),
    [
      { type: 'error', route: 'player.refuse', code: 'GONE', ms: Number },
      { type: 'reply', route: 'player.greet', body: 'greeted', ms: Number },
      { type: 'error', code: 'OPTION_INVALID', message: /^Expected the body to be JSON/ }
    ]
  )
  t.equal(shown.length, 4, 'and what follows .exit does not run')
  t.match(
    shown.find(({ type }) => type === 'event'),
    { event: 'greeting', body: { hello: 'x' } }
  )
})

t.test('it plays a server of Pomelo, with codes of routes', async t => {
  const { url } = await startPomeloServer(t, {
    dict: { 'area.echo': 1, onNews: 2 },
    answer: (_route, body, push) => {
      push('onNews', { of: body })
      return { code: 200 }
    }
  })
  const tool = startTool(t, ['play', url, '--json'], { input: 'area.echo "x"\n.wait onNews\n' })
  t.equal(await tool.ended, 0, tool.out + tool.err)
  t.match(tool.out, '{"type":"event","event":"onNews","body":{"of":"x"}}')
  t.match(tool.out, '"body":{"code":200}')
})

t.test('a terminal obeys no name that a server gives', async t => {
  const { url } = await startPomeloServer(t, { dict: { 'a.\u001b[2J\n⚡ b': 1 }, answer: () => null })
  const tool = startTool(t, ['play', url], { input: '.routes\n' })
  t.equal(await tool.ended, 0, tool.out + tool.err)
  t.equal(tool.out, 'a.\\u001b[2J\\u000a⚡ b\n')
})

t.test('a signal ends it, although a piped line waits and others would follow', async t => {
  const tool = startTool(t, ['play', gateway.url], { input: '.state\n.sleep 1h\n.state\n' })
  await until('the first line has run', () => tool.out.includes('open'), 60_000)
  tool.process.kill('SIGINT')
  t.equal(await tool.ended, 0)
  t.equal(tool.out, 'open\n')
})

t.test('where nothing listens it says so', async t => {
  const tool = startTool(t, ['play', 'ws://127.0.0.1:1', '--timeout', '300ms'], { input: '' })
  t.equal(await tool.ended, 1)
  t.match(tool.err, /^sallyport: No connection to .*nothing listens there/)
})

t.test('the line after a cut finds the connection lost', async t => {
  const input = '.cut\n.resume\n.state\nplayer.echo 1\n'
  const tool = startTool(t, ['play', gateway.url], { input })
  t.equal(await tool.ended, 0, tool.out + tool.err)
  t.same(tool.out.trim().split('\n').slice(0, 3), [
    'the connection is lost',
    'the session is resumed',
    'open'
  ])
})
