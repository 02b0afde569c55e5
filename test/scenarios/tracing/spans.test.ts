/** Spans of OpenTelemetry: of the gateway, its queue, handlers and their operations. */
import { context, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import {
  AlwaysOnSampler,
  BasicTracerProvider,
  InMemorySpanExporter,
  ParentBasedSampler,
  type ReadableSpan,
  SimpleSpanProcessor
} from '@opentelemetry/sdk-trace-base'
import t from 'tap'
import { connect as connectClient } from '../../../client/node.js'
import type { Isolation } from '../../../gateway/index.js'
import { startGateway } from '../../helpers/gateway.js'
import { failureOf } from '../../helpers/player.js'
import { until } from '../../helpers/until.js'

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'
const sampled = `00-${traceId}-00f067aa0ba902b7-01`
const unsampled = `00-${traceId}-00f067aa0ba902b7-00`

/** What a game loads first in its workers. */
const setUp = `
import { context, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import * as sdk from '@opentelemetry/sdk-trace-base'
export const exporter = new sdk.InMemorySpanExporter()
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
trace.setGlobalTracerProvider(new sdk.BasicTracerProvider({
  sampler: new sdk.ParentBasedSampler({ root: new sdk.AlwaysOnSampler() }),
  spanProcessors: [new sdk.SimpleSpanProcessor(exporter)]
}))
`

const handlers = `
import { trace } from '@opentelemetry/api'
import { setTimeout } from 'node:timers/promises'
import { exporter } from '../set-up.mjs'
const tracer = trace.getTracer('game')
export async function buy(body, session, context) {
  await session.abind('anna')
  await setTimeout(1)
  return tracer.startActiveSpan('own', async span => {
    await context.asend(session, 'bought', {})
    span.end()
    return context.traceparent
  })
}
export function fail() { throw new TypeError('no such item') }
export async function refused(_body, session) { await session.abind('') }
export function plain(body) { return body }
export function spans() {
  return exporter.getFinishedSpans().map(span => ({
    name: span.name,
    status: span.status.code,
    attributes: span.attributes,
    events: span.events.map(each => each.attributes),
    parent: span.parentSpanContext?.spanId,
    id: span.spanContext().spanId,
    trace: span.spanContext().traceId
  }))
}
`

interface WorkerSpan {
  name: string
  parent?: string
  id: string
  trace: string
  status: number
  attributes: Record<string, unknown>
  events: Record<string, unknown>[]
}

const exporter = new InMemorySpanExporter()
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
trace.setGlobalTracerProvider(
  new BasicTracerProvider({
    sampler: new ParentBasedSampler({ root: new AlwaysOnSampler() }),
    spanProcessors: [new SimpleSpanProcessor(exporter)]
  })
)

const idOf = (span: ReadableSpan | undefined) => span?.spanContext().spanId

for (const isolation of ['thread', 'process'] satisfies Isolation[]) {
  t.test(`a request has spans from its arrival to its operations, in a ${isolation}`, async t => {
    exporter.reset()
    const folder = t.testdir({
      'set-up.mjs': setUp,
      handlers: { 'shop.js': handlers },
      'package.json': '{"type":"module"}'
    })
    const { gateway, lines } = await startGateway(t, `${folder}/handlers`, {
      workers: 1,
      isolation,
      tracing: true,
      workerArgv: ['--import', `${folder}/set-up.mjs`]
    })
    const game = await connectClient(gateway.url, { tracing: true })
    t.teardown(() => game.close())
    const of = (name: string) => exporter.getFinishedSpans().find(span => span.name === name)

    const passedOn = await game.request('shop.buy', { item: 'sword' }, { traceparent: sampled })
    const server = of('shop.buy')!
    const queue = of('queue shop.buy')!
    t.equal(passedOn, `00-${traceId}-${idOf(server)}-01`, 'the handler is in the trace of the gateway')
    t.match(server, { kind: 1, parentSpanContext: { traceId, spanId: '00f067aa0ba902b7', isRemote: true } })
    t.match(server.attributes, {
      'rpc.system.name': 'sallyport',
      'rpc.method': 'shop.buy',
      'session.id': String
    })
    t.equal(queue.parentSpanContext?.spanId, idOf(server))
    t.same(queue.startTime, server.startTime)
    t.ok(seconds(queue.duration) <= seconds(server.duration))
    t.ok(seconds(server.duration) < 60)

    t.match(await failureOf(game.request('shop.fail')), { code: 'INTERNAL' })
    t.match(of('shop.fail'), {
      status: { code: 2 },
      attributes: { 'error.type': 'INTERNAL', 'rpc.response.status_code': 'INTERNAL' }
    })
    t.equal(of('shop.fail')?.parentSpanContext, undefined, 'without a traceparent it begins a trace')
    t.match(await failureOf(game.request('shop.refused')), { code: 'UID_INVALID' })
    await game.request('shop.plain', 1, { traceparent: unsampled })
    t.equal(of('shop.plain'), undefined, 'a client decides that its trace is not sampled')

    const made = (await game.request('shop.spans')) as WorkerSpan[]
    const find = (name: string) => made.find(span => span.name === name)
    const handler = find('handler shop.buy')!
    t.match(handler, { trace: traceId, parent: idOf(server), attributes: { 'sallyport.worker.index': 0 } })
    t.equal(find('operation bind')?.parent, handler.id)
    t.equal(find('own')?.parent, handler.id, 'a span of the game is a child of the handler’s')
    t.match(find('handler shop.fail'), {
      status: 2,
      parent: idOf(of('shop.fail')),
      attributes: { 'error.type': 'TypeError' },
      events: [{ 'exception.message': 'no such item' }]
    })
    t.match(
      made
        .filter(span => span.name === 'operation bind')
        .map(({ status, attributes }) => [status, attributes]),
      { length: 2, 1: [2, { 'error.type': 'UID_INVALID' }] }
    )
    t.equal(find('handler shop.plain'), undefined)
    t.same(
      lines.filter(({ message }) => /span|OpenTelemetry/.test(message)),
      []
    )
  })
}

function seconds([whole, nanos]: [number, number]): number {
  return whole + nanos / 1e9
}

t.test('a session that ends drops its requests, whose spans say so', async t => {
  exporter.reset()
  const folder = t.testdir({
    'a.js': `export function hang(_body, _session, { log }) { log.info('It hangs'); return new Promise(() => {}) }`
  })
  const { gateway, lines } = await startGateway(t, folder, { workers: 1, tracing: true })
  const game = await connectClient(gateway.url)
  game.request('a.hang').catch(() => {})
  // Before, it only has been handed to the worker.
  await until('the handler runs', () => lines.some(({ message }) => message === 'It hangs'))
  game.close()
  const dropped = () => exporter.getFinishedSpans().find(({ name }) => name === 'a.hang')
  await until('its span has ended', () => dropped() !== undefined)
  t.match(dropped()?.attributes, { 'sallyport.dropped': true })
  const isTold = () => lines.some(({ message }) => /no SDK of OpenTelemetry .* in a worker/.test(message))
  await until('the log says why the worker makes no spans', isTold)
})

t.test('an error of the SDK changes no reply', async t => {
  exporter.reset()
  const folder = t.testdir({
    'a.js': `
      import { trace } from '@opentelemetry/api'
      trace.setGlobalTracerProvider({ getTracer: () => ({ startSpan() { throw new Error('broken') } }) })
      export function echo(body) { return body }
    `
  })
  const { connect, lines } = await startGateway(t, folder, { workers: 1, tracing: true })
  const player = await connect()
  t.equal(await player.request('a.echo', 7), 7)
  t.match(
    lines.filter(({ message }) => message === 'A span failed'),
    { length: 1 }
  )
})

t.test('without the package, a gateway with `tracing` does not start, and says what to install', async t => {
  const started = startGateway(t, '/', { tracing: true })
  await t.rejects(started, { code: 'OPTION_INVALID', message: /npm install @opentelemetry\/api/ })
})
