/**
 * Short runs of the fuzzers: for decoders, texts, headers and a running gateway. The long form is `npm run
 * fuzz`.
 */
import t from 'tap'
import { closeCodes } from '../../shared/close-codes.js'
import { startWithTwoWorkers } from '../helpers/gateway.js'
import { until } from '../helpers/until.js'
import { fuzzConversations, fuzzHandlers } from './conversations.js'
import { fuzzDecoders } from './decoders.js'
import { fuzzHeaders } from './headers.js'
import { fuzzHttp } from './http.js'
import { createRandom } from './inputs.js'
import { fuzzLogText } from './log-text.js'
import { fuzzToldTexts } from './told-texts.js'

t.test('the decoders accept an input or refuse it with a code of the table', async t => {
  const seed = Date.now() % 1_000_000
  const { inputs, refused, faults } = fuzzDecoders(25_000, seed)
  t.same(faults, [], `seed ${seed}`)
  t.ok(refused > inputs / 10 && refused < inputs, `${refused} of ${inputs} were refused`)
})

t.test(
  'a gateway closes clients that send malformed messages, and other clients are not affected',
  async t => {
    const seed = Date.now() % 1_000_000
    const random = createRandom(seed)
    // Resume is off, so that no session is kept on purpose.
    const { gateway, connect, lines } = await startWithTwoWorkers(t, fuzzHandlers, {
      resumeWindow: 0,
      maxRequestsPerSecond: 0,
      maxFramesPerSecond: 0
    })
    const bystander = await connect()
    let [malformed, refusals] = [0, 0]
    for (let round = 0; round < 10; round++) {
      const report = await fuzzConversations(gateway.url, 100, random)
      t.same(report.faults, [], `seed ${seed}`)
      t.same(await bystander.request('echo.plain', { round }), { round })
      malformed += report.closes[closeCodes.frameMalformed] ?? 0
      refusals += Object.values(report.refusals).reduce((sum, each) => sum + each, 0)
    }
    t.ok(malformed > 50 && refusals > 50, `${malformed} connections and ${refusals} requests were refused`)
    await until('all have left', () => gateway.metrics().connections === 1)
    t.match(gateway.metrics(), { sessions: 1, requestsWaiting: 0, sendBytesWaiting: 0, workersLost: 0 })
    t.same(
      lines.filter(({ level }) => level === 'error'),
      []
    )
  }
)

t.test('any message and any field is one line of the log, and no text passes for another', async t => {
  const seed = Date.now() % 1_000_000
  const { lines, stacks, faults } = fuzzLogText(10_000, seed)
  t.same(faults, [], `seed ${seed}`)
  t.ok(stacks > 0 && stacks < lines / 2, `${stacks} of ${lines} have a stack`)
})

t.test(
  'any reason of a kick and any error reaches its client, whole or cut to what a frame holds',
  async t => {
    const seed = Date.now() % 1_000_000
    const { gateway } = await startWithTwoWorkers(t, fuzzHandlers, { resumeWindow: 0 })
    const report = await fuzzToldTexts(gateway.url, 60, createRandom(seed))
    t.same(report.faults, [], `seed ${seed}`)
    t.match(report, { kicks: 60, errors: 180 })
    t.ok(report.refused > 0 && report.refused < report.reasons / 2, `${report.refused} reasons were refused`)
    await until('all have left', () => gateway.metrics().connections === 0)
    t.match(gateway.metrics(), { sessions: 0, workersLost: 0 })
  }
)

t.test('the gateway closes each socket by itself, whatever bytes come instead of an upgrade', async t => {
  const seed = Date.now() % 1_000_000
  const limits = { handshakeTimeout: 300, heartbeat: 200, resumeWindow: 0, startPage: 'off' } as const
  const { gateway, connect } = await startWithTwoWorkers(t, fuzzHandlers, limits)
  const bystander = await connect()
  const { answers, faults } = await fuzzHttp(gateway.address.port, 300, createRandom(seed))
  t.same(faults, [], `seed ${seed}`)
  t.ok(answers[400]! > 50 && answers[408]! > 0 && answers[426]! > 0, JSON.stringify(answers))
  await until('all have left', () => gateway.metrics().connections === 1)
  t.equal(await bystander.request('echo.plain', 1), 1)
})

t.test(
  'an upgrade is accepted or refused, whatever it says of its host, its page and its proxies',
  async t => {
    const seed = Date.now() % 1_000_000
    const { upgrades, entered, refusals, forwarded, faults } = fuzzHeaders(20_000, seed)
    t.same(faults, [], `seed ${seed}`)
    t.same(Object.keys(refusals), ['403', '421'])
    t.ok(entered > upgrades / 10 && forwarded > upgrades / 20, `${entered} came in, ${forwarded} by a proxy`)
  }
)
