/** Bytes of strangers: the decoders fed with them, and a running gateway. The long form is `npm run fuzz`. */
import t from 'tap'
import { closeCodes } from '../../shared/close-codes.js'
import { startGateway, until } from '../helpers/gateway.js'
import { fuzzConversations, fuzzHandlers } from './conversations.js'
import { fuzzDecoders } from './decoders.js'
import { createRandom } from './inputs.js'

t.test('the decoders take an input or refuse it with a code of the table', async t => {
  const seed = Date.now() % 1_000_000
  const { inputs, refused, faults } = fuzzDecoders(50_000, seed)
  t.same(faults, [], `seed ${seed}`)
  t.ok(refused > inputs / 10 && refused < inputs, `${refused} of ${inputs} were refused`)
})

t.test('a gateway that is sent nonsense closes those who sent it, and nobody else notices', async t => {
  const seed = Date.now() % 1_000_000
  const random = createRandom(seed)
  // Resume is off, so that nothing that is left over is left over on purpose.
  const { gateway, connect, lines } = await startGateway(t, fuzzHandlers, {
    resumeWindow: 0,
    maxRequestsPerSecond: 0,
    maxFramesPerSecond: 0
  })
  const bystander = await connect()
  let [malformed, refusals] = [0, 0]
  for (let round = 0; round < 20; round++) {
    const report = await fuzzConversations(gateway.url, 100, random)
    t.same(report.faults, [], `seed ${seed}`)
    t.same(await bystander.request('echo.plain', { round }), { round })
    malformed += report.closes[closeCodes.frameMalformed] ?? 0
    refusals += Object.values(report.refusals).reduce((sum, each) => sum + each, 0)
  }
  t.ok(malformed > 100 && refusals > 100, `${malformed} connections and ${refusals} requests were refused`)
  await until('all have left', () => gateway.metrics().connections === 1)
  t.match(gateway.metrics(), { sessions: 1, requestsWaiting: 0, sendBytesWaiting: 0, workersLost: 0 })
  t.same(
    lines.filter(({ level }) => level === 'error'),
    []
  )
})
