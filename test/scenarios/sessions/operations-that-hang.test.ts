/** Operations that a handler leaves behind, and that never end: the session goes on all the same. */
import t from 'tap'
import { startGateway } from '../../helpers/gateway.js'
import { matchRows } from '../../helpers/match-rows.js'

const handlers = `import { handler } from 'sallyport/worker'
  export const leave = handler({ timeout: 100 }, (body, session) => {
    session.aupdate('k', () => new Promise(() => {}))
    return 'left'
  })
  export const next = handler({ timeout: 0 }, (body, session) => session.get('k') ?? 'none')`

for (const isolation of ['thread', 'process'] as const) {
  t.test(`in a ${isolation} they hold up the session until their request's deadline`, async t => {
    const { connect, lines } = await startGateway(t, t.testdir({ 'a.js': handlers }), {
      isolation,
      workers: 1
    })
    const player = await connect()
    for (let round = 0; round < 3; round++) {
      const routes = ['a.leave', 'a.next', 'a.next']
      const replies = await Promise.all(routes.map(route => player.request(route, {})))
      t.same(replies, ['left', 'none', 'none'], 'all of one turn are answered')
    }
    const told = lines.filter(({ message }) => message.startsWith('Operations that a handler did not await'))
    matchRows(
      t,
      told,
      Array.from({ length: 3 }, () => ({ level: 'warn', fields: { route: 'a.leave' } }))
    )
  })
}
