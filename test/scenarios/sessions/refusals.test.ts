/**
 * Refused operations that a handler did not catch: the client gets the code, and the log names the handler.
 */
import t from 'tap'
import { startGateway } from '../../helpers/gateway.js'
import { failureOf } from '../../helpers/player.js'

for (const isolation of ['thread', 'process'] as const) {
  t.test(
    `${isolation}: a refusal by a code of our own reaches the client as that code, and the stack shows who awaited`,
    async t => {
      const { connect, lines } = await startGateway(t, 'refusals', {
        workers: 2,
        isolation,
        singleSession: 'reject',
        maxSettingsLength: 1_000,
        maxSettingsKeys: 3,
        maxChannels: 1,
        maxMembers: 1
      })
      const [red, blue] = [await connect(), await connect()]
      await red.request('refused.bind', { uid: 'red' })
      await red.request('refused.join', { name: 'full' })
      for (const [route, body, code] of [
        ['bind', { uid: 'blue' }, 'UID_TAKEN'],
        ['bind', { uid: '' }, 'UID_INVALID'],
        ['unbind', { uid: 'blue' }, 'UID_NOT_BOUND'],
        ['push', { key: 'k', value: 'x'.repeat(2_000) }, 'SETTINGS_TOO_LARGE'],
        ['update', { key: 'k', value: 'x'.repeat(2_000) }, 'SETTINGS_TOO_LARGE'],
        ['pushFunction', {}, 'VALUE_NOT_SERIALIZABLE'],
        ['setKey', { key: 5 }, 'KEY_INVALID'],
        ['conflict', {}, 'CONFLICT'],
        ['join', { name: 'another' }, 'TOO_MANY_CHANNELS'],
        ['join', { name: '' }, 'CHANNEL_INVALID'],
        ['sendBigInt', {}, 'EVENT_NOT_SERIALIZABLE'],
        ['pushOther', { sid: 1 }, 'SESSION_NOT_FOUND'],
        ['sendElsewhere', {}, 'FRONTEND_UNKNOWN']
      ] as const) {
        const before = lines.length
        const error = await failureOf(red.request(`refused.${route}`, body))
        t.equal(error.code, code, route)
        t.notMatch(error.message, /the log has the cause/, 'with its own message')
        const line = lines.slice(before).find(({ message }) => message.startsWith('A handler was refused'))
        t.match(
          line,
          {
            level: /info|warn/,
            fields: { route: `refused.${route}`, code, error: /(\/|\\)refusals(\/|\\)refused\.(js|ts):/ }
          },
          route
        )
        t.same(
          lines.slice(before).filter(({ level }) => level === 'error'),
          []
        )
      }
      t.equal((await failureOf(blue.request('refused.bind', { uid: 'red' }))).code, 'SINGLE_SESSION')
      t.equal((await failureOf(blue.request('refused.join', { name: 'full' }))).code, 'CHANNEL_FULL')
    }
  )

  t.test(
    `${isolation}: a filter's is told likewise; a code of our table in an error of the game is the game's failure`,
    async t => {
      const { connect } = await startGateway(t, 'refusals', { workers: 1, isolation })
      const player = await connect()
      t.equal((await failureOf(player.request('inner.filtered.any'))).code, 'UID_INVALID')
      t.equal((await failureOf(player.request('refused.forge'))).code, 'INTERNAL')
    }
  )
}
