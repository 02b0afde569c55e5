/**
 * Versions side by side: a gateway of this build beside one of the protocol's first version, and beside one
 * with which it has no version in common. From the first release on, also beside the release before.
 */
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { buildRevision } from '../../../bench/comparison/revision.js'
import { connect } from '../../../client/node.js'
import { runRolling } from '../../helpers/cluster/failures.js'
import { Gateways } from '../../helpers/cluster/gateways.js'
import { PinnedPeer } from '../../helpers/cluster/pinned-peer.js'
import { fixture, root } from '../../helpers/paths.js'
import { whyNo } from '../../helpers/server-programs.js'
import { until } from '../../helpers/until.js'

const handlers = fixture('handlers-cluster')

const options = { leaseTtl: 1_500, drainSpread: 300 }

t.test('a gateway of the first version of the protocol', { skip: whyNo('nats-server') }, async t => {
  const gateways = await Gateways.start({ count: 1, handlers, options }, t)
  const gateway = gateways.at(0)
  const peer = await PinnedPeer.join({ nats: gateways.nats.url, frontendId: 'old' })
  t.teardown(() => peer.close())
  const client = await connect(gateways.url)
  t.teardown(() => client.close())

  await t.test('is seen, and what it sends to a user comes', async t => {
    await client.request('player.login', { uid: 'anna' })
    let peers: readonly unknown[] = []
    while (peers.length === 0) peers = await gateway.ask('peers')
    t.match(peers[0], { frontendId: 'old', start: peer.start, state: 'up', version: '0.1.0' })
    await until('it has heard the gateway, and has a link', () => peer.heard.has('g1') && peer.isLinked)
    const came = new Promise(resolve => client.on('hello', resolve))
    // The kind, no request, the number of the ack, the gateway, the user; then the event, and nobody left
    // out.
    peer.send('g1', 0, '19;0;7;2:g14:anna5:hello7:"world"0:0;0;0:0:')
    t.equal(await came, 'world')
    await until('it is acked', () => peer.frames.some(({ kind, text }) => kind === 1 && text === '0;7;1:1'))
    t.equal(peer.acked, 1)
  })

  await t.test('is asked for its sessions, and its refusal is that of the operation', async t => {
    const sid = peer.start * 2 ** 32 + 1
    const asked = client.request('player.readFar', { frontendId: 'old', sid })
    const pattern = new RegExp(`^17;\\d+;-?\\d+;3:old${sid};12;(\\d+);$`)
    const find = () => peer.frames.map(({ kind, text }) => kind === 0 && pattern.exec(text)).find(Boolean)
    await until('it is asked', () => find() !== undefined)
    const [, ack] = find() as RegExpExecArray
    peer.send('g1', 1, `1;${ack};15:SESSION_UNKNOWN3:why0:`)
    t.equal(await asked, 'SESSION_UNKNOWN')
  })

  await t.test('skips what it does not know: so does this one', async t => {
    // A frame of a kind that is not there yet, then an event.
    peer.send('g1', 99, '3;~5:later')
    const came = new Promise(resolve => client.on('again', resolve))
    peer.send('g1', 0, '19;0;0;2:g14:anna5:again1:10:0;0;0:0:')
    t.equal(await came, 1)
  })
})

t.test(
  'who has no version in common does not join, and says why',
  { skip: whyNo('nats-server') },
  async t => {
    const gateways = await Gateways.start({ count: 0, handlers, options }, t)
    const peer = await PinnedPeer.join({
      nats: gateways.nats.url,
      frontendId: 'new',
      protocol: { least: 98, most: 99 }
    })
    t.teardown(() => peer.close())
    await t.rejects(gateways.startAnew(0, { handlers }), { code: 'CLUSTER_INCOMPATIBLE', message: /98/ })
  }
)

/** The newest release whose gateways speak the links' protocol; undefined: there is none yet. */
function findRelease(): string | undefined {
  const git = (...args: string[]) => execFileSync('git', args, { cwd: root, encoding: 'utf8', stdio: 'pipe' })
  const hasProtocol = (tag: string) => {
    try {
      git('cat-file', '-e', `${tag}:gateway/cluster/link/messages.ts`)
      return true
    } catch {
      return false
    }
  }
  try {
    return git('tag', '--list', 'v*', '--sort=-version:refname', '--no-contains', 'HEAD')
      .split('\n')
      .filter(tag => tag !== '')
      .find(hasProtocol)
  } catch {
    return undefined
  }
}

const release = findRelease()

// Before the first release whose gateways form a cluster, there is nothing to try.
// `npm run failures -- --old REV` runs the same with any commit.
if (release !== undefined) {
  const options = { skip: whyNo('nats-server'), timeout: 200_000 }
  t.test('a rolling restart from the release before loses nothing', options, t => rollFrom(t, release))
}

async function rollFrom(t: Test, revision: string): Promise<void> {
  const { folder } = await buildRevision(revision)
  const old = join(folder, '..')
  const gateways = await Gateways.start({ count: 3, handlers, options, dist: () => old }, t)
  const next = fixture('handlers-cluster-next')
  const report = await runRolling({ gateways, count: 3, players: 24, next, nextDist: join(root, 'dist') })
  t.comment(JSON.stringify(report))
  t.same(report.faults, [])
  t.equal(report.lost, 0)
}
