/** What NATS lets a user do: a gateway needs what the guide says, and says what it lacks. */
import t, { type Test } from 'tap'
import { logsOf, tokenOf } from '../../../gateway/cluster/bus/subjects.js'
import { createGateway, type GatewayOptions } from '../../../gateway/index.js'
import { noNats, startNats } from '../../helpers/nats.js'
import { fixture } from '../../helpers/paths.js'
import { until } from '../../helpers/until.js'

const own = `sp.${tokenOf('sallyport')}.>`

/** Users, each with what it may not do. */
const lacking = {
  noAnswers: { subscribe: 'sp.*.in.>' },
  noLinks: { subscribe: 'sp.*.g.>' },
  noHello: { publish: 'sp.*.hello' },
  noLogs: { publish: 'sp.*.log.>' },
  noJetStream: { publish: '$JS.>' },
  noNewLogs: { publish: '$JS.API.STREAM.CREATE.>' },
  noStore: { publish: `$JS.API.STREAM.CREATE.${logsOf('sallyport').parked}` }
}

function writeUser(user: string, permissions: string): string {
  return `{ user: ${user}, password: p, permissions: { ${permissions} } }`
}

async function join(t: Test, nats: string, natsUser: string, options: Partial<GatewayOptions> = {}) {
  const errors: string[] = []
  const gateway = await createGateway({
    handlers: fixture('handlers-cluster'),
    port: 0,
    workers: 1,
    nats,
    natsUser,
    natsPassword: 'p',
    frontendId: natsUser,
    log: { debug() {}, info() {}, warn() {}, error: message => errors.push(message) },
    ...options
  })
  t.teardown(() => gateway.close())
  return { gateway, errors }
}

if (noNats) t.plan(0, noNats)
else
  t.test('NATS with users that may not do everything', { timeout: 120_000 }, async t => {
    const server = await startNats(t)
    const users = Object.entries(lacking).map(([user, denied]) => {
      const [[operation, subject]] = Object.entries(denied) as [[string, string]]
      return writeUser(user, `${operation}: { deny: ["${subject}"] }`)
    })
    const needed = `publish: ["${own}", "$JS.API.>"], subscribe: ["${own}"]`
    users.push(writeUser('a', needed), writeUser('b', needed))
    await server.kill()
    await server.start({ config: `authorization { users: [${users.join(', ')}] }` })

    await t.test('a start that lacks a permission ends with a sentence that names it', async t => {
      await Promise.all(
        Object.entries(lacking).map(async ([user, denied]) => {
          const [[operation, subject]] = Object.entries(denied) as [[string, string]]
          const verb = operation === 'publish' ? 'publish to' : 'subscribe to'
          const start = subject.replace(/>$/, '').replace('sp.*', `sp.${tokenOf('sallyport')}`)
          await t.rejects(join(t, server.url, user, { park: true, singleSession: 'kick' }), {
            code: 'NATS_FAILED',
            message: new RegExp(
              `^NATS at .* does not let this gateway ${verb} ${start.replaceAll(/[$.]/g, '\\$&')}.*: allow its user to publish to sp\\..*> and \\$JS\\.API\\.>, and to subscribe to sp`
            )
          })
        })
      )
    })

    await t.test('what the guide says is enough for all that a cluster does', async t => {
      const options = {
        singleSession: 'kick',
        replicate: 'through',
        park: true,
        drainSpread: 0
      } as const
      const first = await join(t, server.url, 'a', options)
      const second = await join(t, server.url, 'b', options)
      await until('they know each other', () => second.gateway.metrics().clusterPeers === 1)
      t.equal(await first.gateway.abroadcast('e'), 0)
      await second.gateway.drain()
      t.same([...first.errors, ...second.errors], [])
    })
  })
