/** A game that closes its client, or has it reconnect, while the client asks or tells it something. */
import t, { type Test } from 'tap'
import { type Client, type ClientOptions, connect } from '../../client/node.js'
import { startGateway, startProxy } from '../helpers/gateway.js'
import { fixture } from '../helpers/paths.js'
import { until } from '../helpers/until.js'

async function start(t: Test, options: ClientOptions = {}) {
  const { gateway } = await startGateway(t, fixture('handlers-resume'), { workers: 1 })
  const proxy = await startProxy(t, gateway.address.port)
  const client = await connect(proxy.url, { backOff: { least: 1, most: 20 }, ...options })
  t.teardown(() => client.close())
  return { gateway, proxy, client }
}

for (const end of ['close', 'leave'] as const)
  t.test(`a client that its function user ends by ${end} stays closed`, async t => {
    let client: Client | undefined
    const user = () => {
      client?.[end]()
      return null
    }
    const running = await start(t, { user })
    client = running.client
    const states: string[] = []
    client.onState(({ state }) => states.push(state))
    client.reconnect()
    await until('its connection has ended', () => running.gateway.metrics().connections === 0)
    await t.rejects(client.request('player.where'), { code: 'CONNECTION_CLOSED' })
    client.reconnect()
    await running.gateway.close()
    t.same(states, ['resuming', 'closed'])
    t.equal(running.gateway.metrics().connectionsOpened, 1)
  })

const never = { backOff: { least: 3_600_000, most: 3_600_000 }, random: () => 0.999 }

t.test('a listener of the state that asks to reconnect at once is heard', async t => {
  const { proxy, client } = await start(t, never)
  client.onState(({ state }) => {
    if (state === 'resuming') client.reconnect(0)
  })
  proxy.cut('reset')
  await until('it has lost its connection', () => client.state === 'resuming')
  await until('it is back', () => client.state === 'open')
})

t.test('so is onFailure', async t => {
  let failures = 0
  const onFailure = () => {
    failures++
    client.reconnect(0)
  }
  const { proxy, client } = await start(t, { ...never, onFailure })
  proxy.isDown = true
  proxy.cut('reset')
  await until('attempts have failed, too', () => failures > 2)
  proxy.isDown = false
  await until('it is back', () => client.state === 'open')
})

t.test('all listeners are told of the changes in their order, whatever a listener causes', async t => {
  const { proxy, client } = await start(t)
  const told: string[][] = [[], []]
  client.onState(({ state }) => {
    told[0]!.push(state)
    if (state === 'open') client.close()
  })
  client.onState(({ state }) => told[1]!.push(state))
  proxy.cut('reset')
  await until('it is closed', () => client.state === 'closed')
  t.same(told, [
    ['resuming', 'open', 'closed'],
    ['resuming', 'open', 'closed']
  ])
})

t.test('what is sent while onFailure tells of a loss goes over the next connection', async t => {
  const sent: Promise<unknown>[] = []
  const onFailure = () => {
    if (sent.length > 0) return
    sent.push(client.request('player.add', { n: 1 }))
    client.notify('player.add', { n: 2 })
  }
  const { proxy, client, gateway } = await start(t, { onFailure })
  proxy.cut('reset')
  await until('it is told', () => sent.length === 1)
  await sent[0]
  await until('both have come', () => gateway.metrics().requests + gateway.metrics().notifies === 2)
  t.same(await client.request('player.seen'), [1, 2])
})

for (const end of ['close', 'leave'] as const)
  t.test(`a client that is ended by ${end} when its connection is lost has no timer left`, async t => {
    const { proxy, client } = await start(t, never)
    const count = () => process.getActiveResourcesInfo().filter(each => each === 'Timeout').length
    const before = count()
    client.onState(({ state }) => {
      if (state === 'resuming') client[end]()
    })
    proxy.cut('reset')
    await until('it is closed', () => client.state === 'closed')
    await until('its timers have ended', () => count() < before)
  })

t.test('an event that a listener of all events closes the client at is not kept', async t => {
  const { gateway, client } = await start(t)
  const seen: unknown[] = []
  client.onEvent(() => client.close())
  gateway.broadcast('tick', 1)
  await until('it is closed', () => client.state === 'closed')
  client.on('tick', body => seen.push(body))
  await new Promise(resolve => setImmediate(resolve))
  t.same(seen, [])
})
