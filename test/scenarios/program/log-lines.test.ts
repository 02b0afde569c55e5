/** Odd values in log lines of a game: they become text in the worker and silence nothing. */
import t from 'tap'
import { loggedKinds } from '../../handlers/odd/odd.js'
import { startGateway } from '../../helpers/gateway.js'
import { Player } from '../../helpers/player.js'
import { startProgram, waitForAddress } from '../../helpers/program.js'
import { until } from '../../helpers/until.js'

for (const isolation of ['thread', 'process'] as const) {
  t.test(
    `${isolation}: whatever is logged, its line comes, only the field is lost, and the worker goes on`,
    async t => {
      const { connect, lines, gateway } = await startGateway(t, 'odd', { workers: 1, isolation })
      const player = await connect()
      for (const what of loggedKinds) {
        const before = lines.length
        t.equal(await player.request('odd.log', { what }), 'logged', what)
        await until('all lines are there', () => lines.length >= before + 4)
        const [field, message, , getter] = lines.slice(before)
        t.match(field, {
          level: 'info',
          message: 'a field',
          fields: { route: 'odd.log', what, kept: 'kept' }
        })
        t.match(message, { message: String, fields: { what, place: 'message' } })
        t.match(getter, { message: 'a getter', fields: { what, value: /not to be looked at/ } })
        for (const line of lines.slice(before)) {
          t.ok(
            line.message.length + JSON.stringify(line.fields).length < 70_000,
            `${what}: it is not too long`
          )
          t.equal(line.fields['route'], 'odd.log')
        }
      }
      t.equal(gateway.metrics().workersLost, 0)
    }
  )

  t.test(`${isolation}: a handler names no other route, request or worker than its own`, async t => {
    const { connect, lines } = await startGateway(t, 'odd', { workers: 1, isolation })
    const player = await connect()
    await player.request('odd.forge')
    await until('it is there', () => lines.length > 0)
    const { requestId, sid, ...fields } = lines[0]!.fields
    t.ok((requestId as number) > 0)
    t.ok((sid as number) > 0)
    t.same(fields, {
      route: 'odd.forge',
      worker: 0,
      kept: 'kept',
      'fields.route': 'innocent',
      'fields.requestId': -1,
      'fields.worker': 99
    })
  })

  t.test(`${isolation}: the name of a channel is what was checked`, async t => {
    const { connect } = await startGateway(t, 'odd', { workers: 1, isolation })
    const player = await connect()
    t.equal(await player.request('odd.rename'), 'a name')
    t.equal(await player.request('odd.quick'), 'quick')
  })
}

t.test('fields that are too much are cut, the first ones last, and what does not fit is counted', async t => {
  const { connect, lines } = await startGateway(t, 'odd', { workers: 1 })
  const player = await connect()
  await player.request('odd.logMuch')
  await until('it is there', () => lines.length > 0)
  const { first, long, fieldsLeftOut } = lines[0]!.fields
  t.equal(first, 'x'.repeat(40_000))
  t.match(long, /^y{4096}… and 35904 characters more$/)
  t.ok((fieldsLeftOut as number) > 0)
})

const talking = `
exports.talk = async (body, session, { log }) => {
  log.info('begins', { n: body.n })
  await new Promise(resolve => setImmediate(resolve))
  log.warn('ends', { n: body.n })
}
`

t.test('in production stderr is one stream of JSON: a request, its lines and its end in order', async t => {
  for (const isolation of ['thread', 'process']) {
    const program = startProgram(t, {
      handlers: talking,
      args: ['--log-level', 'debug', '--isolation', isolation, '--max-log-lines-per-second', '0'],
      env: { NODE_ENV: 'production' }
    })
    const player = await Player.connect(await waitForAddress(program))
    const numbers = Array.from({ length: 20 }, (_, n) => n)
    await Promise.all(numbers.map(n => player.request('a.talk', { n })))
    player.leave()
    program.process.kill('SIGTERM')
    t.equal(await program.ended, 0, program.err)
    await until('all is read', () => program.err.includes('A worker has ended'))
    const lines = program.err
      .trim()
      .split('\n')
      .map(line => JSON.parse(line) as Record<string, unknown>)
    t.match(
      lines.find(({ msg }) => msg === 'The gateway was asked to end'),
      { signal: 'SIGTERM' }
    )
    t.equal(lines.at(-1)!['msg'], 'The gateway has ended')
    const own = lines.filter(({ route }) => route === 'a.talk')
    const first = own[0]!['requestId'] as number
    t.same(
      own.map(({ requestId, level, msg }) => [requestId, level, msg]),
      numbers.flatMap(n => [
        [first + n, 'info', 'begins'],
        [first + n, 'warn', 'ends'],
        [first + n, 'debug', 'A request is done']
      ]),
      isolation
    )
  }
})

t.test('outside production, and where it is asked for, the lines are text', async t => {
  for (const { env, args } of [
    { env: { NODE_ENV: 'development' }, args: [] },
    { env: { NODE_ENV: 'production' }, args: ['--log-format', 'text'] }
  ]) {
    const program = startProgram(t, { handlers: talking, args: ['--log-level', 'debug', ...args], env })
    await waitForAddress(program)
    await until('a worker is up', () => program.err.includes('A worker is up'))
    t.match(program.err, /^\S+Z DEBUG A worker starts worker=0$/m)
  }
})
