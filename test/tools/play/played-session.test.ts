/** A session that is played by hand: how it is left. */
import t from 'tap'
import { PlayedSession } from '../../../tools/play/played-session.js'
import type { Shown } from '../../../tools/play/printer.js'
import { startGateway } from '../../helpers/gateway.js'

const { gateway } = await startGateway(t, 'tools')

t.test('what is under way when the session is left is no failure, and is not shown', async t => {
  const shown: Shown[] = []
  const session = await PlayedSession.open({
    url: gateway.url,
    user: undefined,
    timeout: 30_000,
    show: each => shown.push(each)
  })
  const request = session.run({ kind: 'request', route: 'player.wait', body: undefined })
  session.close()
  await Promise.all([request, session.closed])
  t.same(shown, [])
  t.equal(session.hasFailed, false)
})
