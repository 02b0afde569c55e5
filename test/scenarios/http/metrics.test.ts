/** The metrics of a gateway that runs, as Prometheus scrapes them. */
import t from 'tap'
import { startGateway } from '../../helpers/gateway.js'

for (const isolation of ['thread', 'process'] as const) {
  t.test(
    `a scrape has requests by route and outcome, and the figures of each thread (${isolation})`,
    async t => {
      const options = {
        workers: 1,
        internalPort: 0,
        isolation,
        requestTimeout: 200,
        workerHeap: 256
      } as const
      const { gateway, connect } = await startGateway(t, 'lanes', options)
      const scrape = async () => (await fetch(`${gateway.internalUrl}/metrics`)).text()
      const player = await connect()
      for (let i = 0; i < 3; i++) await player.request('gate.whoAmI')
      await t.rejects(player.request('gate.wait', { gate: 'shut' }), { code: 'TIMEOUT' })
      await t.rejects(player.request('nobody.offers.this'), { code: 'ROUTE_UNKNOWN' })
      let text = await scrape()
      while (!text.includes('thread="worker-0"')) text = await scrape()
      const readValue = (series: string) => {
        const line = text.split('\n').find(each => each.startsWith(`${series} `))
        return line === undefined ? undefined : Number(line.slice(series.length + 1))
      }
      t.equal(readValue('sallyport_requests_total{route="gate.whoAmI",outcome="ok"}'), 3)
      t.equal(readValue('sallyport_requests_total{route="gate.wait",outcome="timeout"}'), 1)
      t.equal(readValue('sallyport_requests_refused_total{cause="unknown_route"}'), 1)
      t.equal(readValue('sallyport_request_run_duration_seconds_count{route="gate.whoAmI"}'), 3)
      t.equal(readValue('sallyport_request_queue_duration_seconds_count{route="gate.whoAmI"}'), 3)
      t.ok(readValue('sallyport_request_run_duration_seconds_sum{route="gate.wait"}')! > 0)
      t.equal(readValue('sallyport_batch_requests_count'), readValue('sallyport_batches_total'))
      t.equal(readValue('sallyport_sessions{state="connected"}'), 1)
      t.equal(readValue('sallyport_ready'), 1)
      for (const thread of ['gateway', 'worker-0']) {
        t.ok(readValue(`v8js_memory_heap_used_bytes{thread="${thread}"}`)! > 1e6, thread)
        t.ok(readValue(`sallyport_thread_busy_seconds_total{thread="${thread}"}`)! >= 0, thread)
        t.ok(readValue(`nodejs_eventloop_delay_p99_seconds{thread="${thread}"}`)! >= 0, thread)
      }
      const limit = readValue('v8js_memory_heap_limit_bytes{thread="worker-0"}')
      t.equal(limit, 256 * 2 ** 20, 'what workerHeap allows, at which the worker would end')
      const ofWorker = readValue('process_resident_memory_bytes{process="worker-0"}')
      t.equal(ofWorker === undefined, isolation === 'thread')
      t.notMatch(text, /nobody\.offers/)
    }
  )
}

t.test('without an internal port nothing is measured', async t => {
  const { gateway, connect } = await startGateway(t, 'lanes', { workers: 1 })
  await (await connect()).request('gate.whoAmI')
  t.equal(gateway.internalUrl, undefined)
  t.equal(gateway.metrics().requests, 1, 'counters are kept all the same')
})

t.test('session hooks have figures too, under the names of their routes', async t => {
  const handlers = {
    'package.json': '{ "type": "module" }',
    '_hooks.js': 'export const onConnect = () => {}',
    'a.js': 'export const b = () => 1'
  }
  const options = { workers: 1, internalPort: 0 } as const
  const { gateway, connect } = await startGateway(t, t.testdir(handlers), options)
  await (await connect()).request('a.b')
  const text = await (await fetch(`${gateway.internalUrl}/metrics`)).text()
  t.match(text, '\nsallyport_requests_total{route="_hooks.onConnect",outcome="ok"} 1\n')
  t.match(text, '\nsallyport_requests_total{route="a.b",outcome="ok"} 1\n')
})
