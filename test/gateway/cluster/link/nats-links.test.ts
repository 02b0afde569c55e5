/** Holds that links over a real NATS lose nothing while its server is killed and stopped. */
import t, { type Test } from 'tap'
import { NatsBus } from '../../../../gateway/cluster/bus/nats-bus.js'
import { subjectsOf } from '../../../../gateway/cluster/bus/subjects.js'
import { ClusterLinks } from '../../../../gateway/cluster/link/cluster-links.js'
import { Metrics } from '../../../../gateway/telemetry/metrics.js'
import { createLogger } from '../../../../shared/text/log.js'
import { createRandom } from '../../../fuzz/inputs.js'
import { type NatsServer, noNats, startNats } from '../../../helpers/nats.js'
import { until } from '../../../helpers/until.js'

const kills = Number(process.env['NATS_KILLS'] ?? 4)

async function start(t: Test, server: NatsServer, name: string, number: number) {
  const lines: string[] = []
  const log = createLogger('error', (_level, message) => lines.push(message))
  const bus = await NatsBus.connect({
    nats: server.url,
    natsCredentials: '',
    natsUser: '',
    natsPassword: '',
    natsToken: '',
    natsTlsCa: '',
    natsTlsCert: '',
    natsTlsKey: '',
    cluster: 'links',
    clusterReplicas: 1,
    frontendId: name,
    log
  })
  const metrics = new Metrics()
  const links = new ClusterLinks({
    bus,
    subjectOf: subjectsOf('links').link,
    log,
    metrics,
    window: 1_048_576,
    queueBytes: 16_777_216
  })
  links.begin(number)
  t.teardown(async () => {
    await links.close(0)
    await bus.close()
  })
  return { links, metrics, lines }
}

if (noNats) t.plan(0, noNats)
else await runTests(await startNats(t))

async function runTests(server: NatsServer) {
  t.test(`nothing is lost, doubled or out of order while the server is killed ${kills} times`, async t => {
    const seed = Date.now() % 1_000_000
    const random = createRandom(seed)
    const a = await start(t, server, 'a', 1)
    const b = await start(t, server, 'b', 2)
    const taken = { a: 0, b: 0 }
    const faults: string[] = []
    for (const [name, { links }] of Object.entries({ a, b }) as ['a' | 'b', typeof a][])
      links.read('moved', (_from, [number, text]) => {
        if (number !== ++taken[name] || String(text).length !== (number as number) % 5_000)
          faults.push(`${name} took ${number} in as ${taken[name]}`)
      })
    a.links.add({ frontendId: 'b', start: 2 })
    b.links.add({ frontendId: 'a', start: 1 })
    const sent = { a: 0, b: 0 }
    let isSending = true
    const send = () => {
      for (const [from, to, { links }] of [
        ['a', 2, a],
        ['b', 1, b]
      ] as const) {
        const link = links.ofStart(to)!
        for (let n = 0; n < 5 && link.hasRoom; n++)
          link.send('moved', [++sent[from], 'x'.repeat(sent[from] % 5_000)])
      }
      if (isSending) setTimeout(send, 1)
    }
    send()
    for (let kill = 0; kill < kills; kill++) {
      const before = taken.a + taken.b
      await until('frames go on', () => taken.a + taken.b > before + 200)
      if (random() < 0.3) {
        server.stop()
        await new Promise(resolve => setTimeout(resolve, random() * 500))
        server.goOn()
        continue
      }
      await server.kill()
      await new Promise(resolve => setTimeout(resolve, random() * 300))
      await server.start()
    }
    isSending = false
    await until('all has arrived', () => taken.a === sent.b && taken.b === sent.a, 30_000)
    t.same(faults, [], `seed ${seed}`)
    t.ok(sent.a > 200, `${sent.a + sent.b} frames, ${a.metrics.read().clusterResent} batches sent again by a`)
    t.same(
      [a, b].flatMap(({ lines }) => lines).filter(line => /link to it ends/.test(line)),
      []
    )
    await until('all is acked', () => a.links.all[0]!.figures().unackedBytes === 0)
  })
}
