import t, { type Test } from 'tap'
import { NatsBus, type NatsBusInit } from '../../../../gateway/cluster/bus/nats-bus.js'
import { type NatsServer, noNats, startNats } from '../../../helpers/nats.js'
import { testBus } from './bus-sentences.js'

if (noNats) t.plan(0, noNats)
else await runTests()

async function runTests() {
  const server = await startNats(t)

  testBus(t, 'NatsBus', async t => {
    const errors: string[] = []
    return {
      errors,
      join: name => join(t, server, { frontendId: name }, errors),
      pass: ms => new Promise(resolve => setTimeout(resolve, ms)),
      interrupt: () => server.kill(),
      resume: () => server.start()
    }
  })
}

function initOf(nats: string, options: Partial<NatsBusInit>, errors: string[] = []): NatsBusInit {
  return {
    nats,
    natsCredentials: '',
    natsToken: '',
    natsUser: '',
    natsPassword: '',
    natsTlsCa: '',
    natsTlsCert: '',
    natsTlsKey: '',
    cluster: 'test',
    clusterReplicas: 1,
    frontendId: 'a',
    log: { error: message => errors.push(message), warn() {} },
    ...options
  }
}

async function join(
  t: Test,
  server: NatsServer,
  options: Partial<NatsBusInit> = {},
  errors: string[] = []
): Promise<NatsBus> {
  const bus = await NatsBus.connect(initOf(server.url, options, errors))
  t.teardown(() => bus.close())
  return bus
}
