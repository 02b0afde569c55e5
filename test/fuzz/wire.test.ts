/** Bytes of strangers: the decoders fed with them, and a running gateway. The long form is `npm run fuzz`. */
import { once } from 'node:events'
import t from 'tap'
import { WebSocket } from 'ws'
import { closeCodes } from '../../shared/close-codes.js'
import { startGateway, until } from '../helpers/gateway.js'
import { fuzzDecoders } from './decoders.js'
import { createRandom, handshakes, mutate, packages, randomBytes, texts } from './inputs.js'

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
  const { gateway, connect, lines } = await startGateway(t, 'wire', {
    resumeWindow: 0,
    maxRequestsPerSecond: 0,
    maxFramesPerSecond: 0
  })
  const bystander = await connect()
  const codes = new Map<number, number>()
  const attack = async (): Promise<void> => {
    const ws = new WebSocket(gateway.url, random() < 0.3 ? 'sallyport.json' : [])
    ws.on('error', () => {})
    const closed = once(ws, 'close')
    await once(ws, 'open')
    // Half of them shake hands first, so that what follows is looked at.
    if (random() < 0.5 && ws.protocol === '') {
      ws.send(Buffer.from([1, 0, 0, handshakes[0]!.length, ...handshakes[0]!]))
      ws.send(Buffer.from([2, 0, 0, 0]))
    }
    for (let i = 0; i < 5 && ws.readyState === ws.OPEN; i++) {
      const samples = random() < 0.5 ? packages : texts
      const bytes =
        random() < 0.3 ? randomBytes(random) : mutate(samples[Math.floor(random() * samples.length)]!, random)
      ws.send(bytes, { binary: random() < 0.7 })
    }
    ws.close()
    const [code] = await closed
    codes.set(code, (codes.get(code) ?? 0) + 1)
  }
  for (let round = 0; round < 20; round++) {
    await Promise.all(Array.from({ length: 20 }, attack))
    t.same(await bystander.request('echo.plain', { round }), { round })
  }
  const known = new Set<number>([...Object.values(closeCodes), 1002, 1005, 1006, 1007])
  t.same(
    [...codes.keys()].filter(code => !known.has(code)),
    [],
    `seed ${seed}: ${JSON.stringify([...codes])}`
  )
  t.ok((codes.get(closeCodes.frameMalformed) ?? 0) > 10)
  await until('all have left', () => gateway.metrics().connections === 1)
  t.match(gateway.metrics(), { sessions: 1, requestsWaiting: 0, sendBytesWaiting: 0, workersLost: 0 })
  t.same(
    lines.filter(({ level }) => level === 'error'),
    []
  )
})
