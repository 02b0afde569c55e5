/** A cluster on this machine, of which a part ends while another one still starts. */
import t, { type Test } from 'tap'
import { LocalCluster } from '../../../tools/cluster/local-cluster.js'
import { fixture } from '../../helpers/paths.js'
import { whyNo } from '../../helpers/server-programs.js'
import { until } from '../../helpers/until.js'

const skip = whyNo('nats-server')

function createCluster(t: Test): LocalCluster {
  const passed = ['--handlers', fixture('handlers-cluster'), '--workers', '1']
  const init = { isHelp: false, gateways: 2, port: 0, nats: undefined, passed, onLine: () => {} }
  const cluster = new LocalCluster(init)
  t.teardown(() => {
    cluster.kill()
    return cluster.end()
  })
  return cluster
}

t.test('a gateway that ends while another one starts fails the start', { skip }, async t => {
  const cluster = createCluster(t)
  const started = t.rejects(cluster.start(), { message: 'g1 has ended (SIGKILL) before all were up' })
  await until('both processes are there', () => cluster.members.length === 2)
  const [first, second] = cluster.members
  second!.child.kill('SIGSTOP')
  await until('the first one listens', () => first!.url !== undefined, 60_000)
  first!.child.kill('SIGKILL')
  await started
})

t.test('so does a nats-server', { skip }, async t => {
  const cluster = createCluster(t)
  const started = t.rejects(cluster.start(), { message: 'nats has ended (SIGKILL) before all were up' })
  await until('NATS is there', () => cluster.natsPid !== undefined, 60_000)
  process.kill(cluster.natsPid!, 'SIGKILL')
  await started
})
