/** Handlers with schemas, over a real gateway. */
import t from 'tap'
import { startGateway } from '../../helpers/gateway.js'
import { matchRows } from '../../helpers/match-rows.js'
import { until } from '../../helpers/until.js'

t.test('a body that does not fit is refused with its issues, and the handler is not called', async t => {
  const { connect } = await startGateway(t, 'schema', { workers: 1 })
  const player = await connect()
  for (const body of [{ points: 0 }, { points: 1.5 }, { points: 'many' }, {}, null, 7]) {
    await t.rejects(player.request('score.add', body), { code: 'BODY_INVALID' }, JSON.stringify(body))
  }
  await t.rejects(player.request('score.add'), { code: 'BODY_INVALID' }, 'no body at all')
  t.equal(await player.request('score.called'), 0)
  const { data, message } = await player.request('score.add', { points: 0 }).catch(error => error)
  matchRows(t, data.issues, [{ path: ['points'], message: String }])
  t.match(message, /^The body does not fit: points: /)
})

t.test('a handler gets what its schema makes of a body', async t => {
  const { connect } = await startGateway(t, 'schema', { workers: 1 })
  const player = await connect()
  t.same(await player.request('score.add', { points: '3' }), { score: 3, note: 'none', calls: 1 })
  t.match(await player.request('score.add', { points: 2, note: 'x', more: 1 }), { score: 5, note: 'x' })
})

t.test('schemas of another library, and ones that answer later, do as well', async t => {
  const { connect } = await startGateway(t, 'schema', { workers: 1 })
  const player = await connect()
  t.same(await player.request('score.rename', { name: 'Red' }), { name: 'Red' })
  await t.rejects(player.request('score.rename', { name: '' }), {
    code: 'BODY_INVALID',
    data: { issues: [{ path: ['name'] }] }
  })
  t.equal(await player.request('score.late', { code: 'sesame' }), 'sesame')
  await t.rejects(player.request('score.late', { code: 'barley' }), {
    code: 'BODY_INVALID',
    message: /Not the word/
  })
})

t.test('a notify that does not fit is logged, and the session goes on', async t => {
  const { connect, lines } = await startGateway(t, 'schema', { workers: 1 })
  const player = await connect()
  player.notify('score.add', { points: 0 })
  await until('it is logged', () => lines.some(({ message }) => message === 'A notify failed'))
  t.match(
    lines.find(({ message }) => message === 'A notify failed'),
    { fields: { route: 'score.add', code: 'BODY_INVALID', error: 'The body does not fit' } }
  )
  t.equal(await player.request('score.called'), 0)
})

t.test('the log quotes no body: not of a notify that is malformed or does not fit its schema', async t => {
  const { connect, lines } = await startGateway(t, 'schema', { workers: 1, logLevel: 'debug' })
  const player = await connect()
  player.ws.send('[0,"score.called",{"password":"xyzzy",oops}]')
  player.notify('score.add', { points: 'xyzzy' })
  const failed = () => lines.filter(({ message }) => message === 'A notify failed')
  await until('both are logged', () => failed().length === 2)
  t.same(
    failed().map(({ fields }) => fields['code']),
    ['BODY_MALFORMED', 'BODY_INVALID']
  )
  t.notMatch(JSON.stringify(lines), /xyzzy|oops/)
})

t.test(
  'a reply that does not fit is an error in development only, and the log says what is wrong',
  async t => {
    const production = await startGateway(t, 'schema', { workers: 1 })
    t.same(await (await production.connect()).request('score.broken', { wrong: true }), { ok: 'yes' })
    const development = await startGateway(t, 'schema', { workers: 1, dev: true })
    const player = await development.connect()
    t.same(await player.request('score.broken', { wrong: false }), { ok: true })
    await t.rejects(player.request('score.broken', { wrong: true }), { code: 'INTERNAL' })
    matchRows(
      t,
      development.lines.filter(({ message }) => message === 'A handler failed'),
      [{ fields: { route: 'score.broken', error: /The reply does not fit its schema: ok: / } }]
    )
  }
)
