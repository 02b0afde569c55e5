/** The player of the starter, where it cannot play. `init.test.ts` plays in a project made of the starter. */
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { runPlayer } from '../helpers/example-player.js'
import { startGateway } from '../helpers/gateway.js'
import { root } from '../helpers/paths.js'

const starter = join(root, 'dist/examples/starter')

const play = (t: Test, url: string) => runPlayer(t, 'starter', url)

const advice =
  /\. Run npm run dev first, or pass a gateway's address: npm run play -- ws:\/\/127\.0\.0\.1:4000\n$/

t.test(
  'without a gateway, or refused by it, the player says in a line what to do, and ends with 1',
  async t => {
    const alone = await play(t, 'ws://127.0.0.1:1')
    t.equal(alone.code, 1)
    t.match(alone.err, /^No connection to ws:\/\/127\.0\.0\.1:1 came about: .*nothing listens there.*\n$/)
    t.match(alone.err, advice)
    const authenticate = () => ({ accept: false, reason: 'No token' }) as const
    const { gateway } = await startGateway(t, join(starter, 'handlers'), { authenticate })
    const refused = await play(t, gateway.url)
    t.equal(refused.code, 1)
    t.match(refused.err, /^.*No token.*\n$/)
    t.match(refused.err, advice)
  }
)
