/** The plan of a load: what the command line means, and what is refused. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { readArguments } from '../../../gateway/program/command.js'
import { readPlan } from '../../../tools/load/read-plan.js'
import { loadCommand } from '../../../tools/load-command.js'

const url = 'ws://127.0.0.1:3010'

function read(flags: Record<string, string | boolean>, words: readonly string[] = [url]) {
  return readPlan({ flags, words, env: {} })
}

t.test('without more than a route, ten sockets send one request at a time for ten seconds', async t => {
  t.match(read({ route: 'room.enter' }), {
    url: `${url}/`,
    route: 'room.enter',
    body: undefined,
    sockets: 10,
    inFlight: 1,
    rate: undefined,
    duration: 10_000,
    ramp: 0,
    dropEvery: undefined,
    timeout: 10_000,
    threads: 1,
    scenario: undefined
  })
})

t.test('durations have units, and seconds need none', async t => {
  const plan = read({ route: 'a', seconds: '1.5m', ramp: '500ms', 'drop-every': '2s', timeout: '1h' })
  t.match(plan, { duration: 90_000, ramp: 500, dropEvery: 2_000, timeout: 3_600_000 })
  t.equal(read({ route: 'a', seconds: '3' }).duration, 3_000)
})

t.test('with a rate, a socket may have any number in flight, unless it is told', async t => {
  t.equal(read({ route: 'a', rate: '0.5' }).inFlight, Number.POSITIVE_INFINITY)
  t.equal(read({ route: 'a', rate: '100', inflight: '4' }).inFlight, 4)
})

t.test('there are no more threads than sockets', async t => {
  t.equal(read({ route: 'a', sockets: '2', threads: '8' }).threads, 2)
})

t.test('a body is JSON, or that of a file', async t => {
  const file = join(t.testdir({ 'body.json': '{"from":"file"}' }), 'body.json')
  t.same(read({ route: 'a', body: '[1,{"a":2}]' }).body, [1, { a: 2 }])
  t.same(read({ route: 'a', body: `@${file}` }).body, { from: 'file' })
})

t.test('an address without a scheme, and one of a browser, is that of a WebSocket', async t => {
  t.equal(read({ route: 'a' }, ['127.0.0.1:3010']).url, `${url}/`)
  t.equal(read({ route: 'a' }, ['https://game.example/play#top']).url, 'wss://game.example/play')
})

t.test('a scenario in TypeScript has a loader and its tsconfig.json, one in JavaScript none', async t => {
  const folder = t.testdir({ 'a.js': '', 'b.ts': '', 'tsconfig.json': '{}' })
  t.match(read({ scenario: join(folder, 'a.js') }).scenario, { loaders: [], tsconfig: undefined })
  const { loaders, tsconfig } = read({ scenario: join(folder, 'b.ts') }).scenario!
  t.equal(loaders.length, 2)
  t.equal(tsconfig, join(folder, 'tsconfig.json'))
})

t.test('what is wrong is named, with what was expected', async t => {
  const folder = t.testdir()
  mkdirSync(join(folder, 'sub'))
  const scenario = join(folder, 'a.js')
  writeFileSync(scenario, '')
  const rows: readonly [Record<string, string>, readonly string[], RegExp][] = [
    [{ route: 'a' }, [], /^Expected the URL of a gateway, such as ws:\/\/127\.0\.0\.1:3010$/],
    [{ route: 'a' }, ['ftp://a'], /^Expected the URL of a gateway, .* got "ftp:\/\/a"$/],
    [{ route: 'a' }, ['ws://a:99999'], /^Expected the URL of a gateway/],
    [{}, [url], /^Expected --route, such as --route room\.enter, or --scenario FILE$/],
    [{ route: '' }, [url], /^Expected --route/],
    [
      { route: 'a', sockets: '0' },
      [url],
      /^Expected --sockets to be a whole number from 1 to 1000000, got "0"$/
    ],
    [{ route: 'a', sockets: '1e3' }, [url], /^Expected --sockets/],
    [{ route: 'a', inflight: '1.5' }, [url], /^Expected --inflight to be a whole number/],
    [{ route: 'a', rate: '-1' }, [url], /^Expected --rate to be a number from 0\.001/],
    [
      { route: 'a', seconds: '0' },
      [url],
      /^Expected --seconds to be a duration such as 10, 500ms or 1m, got "0"$/
    ],
    [{ route: 'a', 'drop-every': '2' }, [url], /^Expected --drop-every to be a duration such as 500ms, 2s/],
    [{ route: 'a', ramp: '5 s' }, [url], /^Expected --ramp to be a duration/],
    [{ route: 'a', timeout: '30d' }, [url], /^Expected --timeout to be a duration/],
    [{ route: 'a', threads: '257' }, [url], /^Expected --threads/],
    [{ route: 'a', body: '{a:1}' }, [url], /^Expected --body to be JSON: .*/],
    [{ route: 'a', body: '@none.json' }, [url], /^--body names a file that can't be read: ENOENT/],
    [{ route: 'a', user: 'x' }, [url], /^Expected --user to be JSON/],
    [{ scenario: join(folder, 'none.js') }, [url], /^--scenario names a file that is not there: .*none\.js$/],
    [{ scenario, route: 'a' }, [url], /^--route means nothing with --scenario/],
    [{ scenario, rate: '1' }, [url], /^--rate means nothing with --scenario/],
    [{ scenario, 'drop-every': '1s' }, [url], /^--drop-every means nothing with --scenario/]
  ]
  for (const [flags, words, message] of rows)
    t.throws(() => read(flags, words), { code: 'OPTION_INVALID', message }, JSON.stringify(flags))
})

t.test('a negative number is a wrong value, and no unknown flag', async t => {
  const readLine = (...args: string[]) =>
    readPlan(readArguments(loadCommand, [url, '--route', 'a', ...args], {}))
  for (const flag of ['rate', 'sockets', 'seconds'])
    t.throws(() => readLine(`--${flag}`, '-1'), {
      message: new RegExp(`^Expected --${flag} to be .* got "-1"`)
    })
  t.throws(() => readLine('--json', '-1'), { message: /^There is no option -1/ })
})
