/** A client's `traceparent`, on its way to the handler and to the log. */
import t from 'tap'
import { connect as connectClient } from '../../../client/node.js'
import { startGateway } from '../../helpers/gateway.js'
import { failureOf } from '../../helpers/player.js'

const trace = '4bf92f3577b34da6a3ce929d0e0e4736'
const value = `00-${trace}-00f067aa0ba902b7-01`

const handlers = `
export function read(body, session, context) {
  context.log.info('Read', { trace_id: 'forged' })
  return context.traceparent ?? null
}
`

t.test('a traceparent of a client reaches the handler and the lines of the log', async t => {
  const folder = t.testdir({ 'a.js': handlers })
  const { gateway, connect, lines } = await startGateway(t, folder, { workers: 1, logLevel: 'debug' })
  const asked: string[] = []
  const tracing = (route: string) => {
    asked.push(route)
    return value
  }
  const game = await connectClient(gateway.url, { tracing })
  t.teardown(() => game.close())
  t.equal(await game.request('a.read'), value)
  t.same(asked, ['a.read'])
  const other = value.replace('-01', '-00')
  t.equal(await game.request('a.read', undefined, { traceparent: other }), other, 'that of the request wins')
  t.equal(await game.request('a.read', undefined, { traceparent: 'malformed' }), null)
  const about = (message: string) =>
    lines.filter(line => line.message === message).map(({ fields }) => fields)
  t.match(about('Read')[0], { route: 'a.read', requestId: Number, sid: Number, trace_id: trace })
  t.match(about('Read')[0], { 'fields.trace_id': 'forged' })
  t.match(about('A request is done')[0], { trace_id: trace })
  t.notOk('trace_id' in about('A request is done')[2]!)

  const text = await connect()
  text.ws.send(`["${value}",1000,"a.read"]`)
  text.ws.send('["malformed",1001,"a.read"]')
  const frames: string[] = []
  await new Promise<void>(resolve => {
    text.ws.on('message', (data: Buffer) => frames.push(String(data)) === 2 && resolve())
  })
  t.same(frames, [`[1000,"${value}"]`, '[1001,null]'], 'in the text protocol too')
})

t.test('a client that is not told to sends none, and says so', async t => {
  const folder = t.testdir({ 'a.js': handlers })
  const { gateway } = await startGateway(t, folder, { workers: 1 })
  const game = await connectClient(gateway.url)
  t.teardown(() => game.close())
  t.equal(await game.request('a.read'), null)
  const refused = game.request('a.read', undefined, { traceparent: value })
  t.match(await failureOf(refused), { code: 'OPTION_INVALID', message: /`tracing`/ })
  const told = await connectClient(gateway.url, { tracing: true })
  t.teardown(() => told.close())
  t.equal(await told.request('a.read'), null)
  t.equal(await told.request('a.read', undefined, { traceparent: value }), value)
  await t.rejects(connectClient(gateway.url, { tracing: 7 as never }), { code: 'OPTION_INVALID' })
})
