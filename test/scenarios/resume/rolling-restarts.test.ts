/**
 * Clients that outlive a deployment and come back to a gateway with other routes. A route code means what the
 * client was told, or is refused. It never means another route.
 */
import t, { type Test } from 'tap'
import { type Client, connect } from '../../../client/node.js'
import type { Gateway } from '../../../gateway/index.js'
import { startGateway } from '../../helpers/gateway.js'
import { loadPomeloClient, type PomeloBody } from '../../helpers/pomelo-browser-client.js'
import { PomeloPlayer } from '../../helpers/pomelo-player.js'
import { until } from '../../helpers/until.js'

/**
 * Two versions of a game. If a gateway numbered its routes, the first route of both would have the same code.
 */
const versions = {
  one: { 'player.mjs': "export const peek = () => 'peeked'" },
  two: { 'world.mjs': "export const wipe = () => 'wiped'" }
}

/** Deploys one version after the other behind one port. */
function createDeployment(t: Test) {
  const folder = t.testdir(versions)
  let running: Gateway | undefined
  return async (version: keyof typeof versions) => {
    const port = running?.address.port ?? 0
    await running?.close()
    const { gateway } = await startGateway(t, `${folder}/${version}`, { workers: 1, port })
    running = gateway
    return gateway
  }
}

async function isOpen(client: Client) {
  await until('the client is back', () => client.state === 'open')
}

t.test('our client asks the new gateway for what it means, in both directions', async t => {
  const deploy = createDeployment(t)
  const { url } = await deploy('one')
  const client = await connect(url, { backOff: { least: 1, most: 20 } })
  t.teardown(() => client.close())
  let losses = 0
  client.onState(({ state }) => state === 'resuming' && losses++)
  const restart = async (version: keyof typeof versions) => {
    const before = losses
    const next = deploy(version)
    await until('it has seen that the gateway is gone', () => losses > before)
    const asked = client.request('player.peek').catch(error => error.code)
    await next
    await isOpen(client)
    t.equal(await asked, 'SESSION_LOST', 'what waited was not for the new session')
  }
  t.equal(await client.request('player.peek'), 'peeked')
  await restart('two')
  await t.rejects(client.request('player.peek'), { code: 'ROUTE_UNKNOWN', message: /"player\.peek"/ })
  t.equal(await client.request('world.wipe'), 'wiped')
  await restart('one')
  await t.rejects(client.request('world.wipe'), { code: 'ROUTE_UNKNOWN', message: /"world\.wipe"/ })
  t.equal(await client.request('player.peek'), 'peeked')
})

t.test("Pomelo's client asks the new gateway for what it means, in both directions", async t => {
  const deploy = createDeployment(t)
  const { client, errors } = loadPomeloClient()
  t.teardown(() => client.disconnect())
  const request = (route: string) =>
    new Promise<PomeloBody>(resolve => client.request(route, {}, body => resolve(body)))
  const visit = async (version: keyof typeof versions) => {
    const { host, port } = (await deploy(version)).address
    await new Promise(resolve => client.init({ host, port }, resolve))
  }
  await visit('one')
  t.equal(await request('player.peek'), 'peeked')
  await visit('two')
  t.match(await request('player.peek'), { error: 'ROUTE_UNKNOWN' })
  t.equal(await request('world.wipe'), 'wiped')
  await visit('one')
  t.match(await request('world.wipe'), { error: 'ROUTE_UNKNOWN' })
  t.equal(await request('player.peek'), 'peeked')
  t.same(errors, [])
})

t.test('who keeps codes of another version is refused, whatever it says that it has', async t => {
  const deploy = createDeployment(t)
  const visit = async (url: string, sys = {}) => {
    const player = await PomeloPlayer.join(url, { sys })
    t.teardown(() => player.leave())
    return player
  }
  const { sys: of } = (await visit((await deploy('one')).url)).answer!
  const stale = of!.dict!['player.peek']!
  const second = await deploy('two')
  const { dictVersion } = (await visit(second.url)).answer!.sys!
  const claims = {
    'that of another version': { dictVersion: of!.dictVersion },
    'this one, which it has not': { dictVersion },
    none: {}
  }
  for (const [claim, sys] of Object.entries(claims)) {
    const player = await visit(second.url, sys)
    const { body } = await player.request(stale, {})
    t.match(body, { error: 'ROUTE_UNKNOWN', message: /shake hands anew/ }, claim)
    t.equal((await player.request('world.wipe', {})).body, 'wiped', 'and plays on')
  }
})
