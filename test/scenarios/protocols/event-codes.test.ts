/** Events of the option `events`, which reach Pomelo clients with a code in place of their name. */
import { join } from 'node:path'
import t from 'tap'
import { startGateway } from '../../helpers/gateway.js'
import { root } from '../../helpers/paths.js'
import { PomeloPlayer } from '../../helpers/pomelo-player.js'
import { until } from '../../helpers/until.js'

t.test(
  'a listed event has its code in the dictionary and in its frame; other events have their names',
  async t => {
    const handlers = join(root, 'test/fixtures/handlers-events')
    const { gateway, connect } = await startGateway(t, handlers, { events: 'chat.said, chat.left' })
    const pomelo = await PomeloPlayer.join(gateway.url)
    t.teardown(() => pomelo.leave())
    const plain = await connect()
    const dictionary = pomelo.answer!.sys!.dict!
    t.type(dictionary['chat.said'], 'number')
    t.type(dictionary['chat.left'], 'number')
    gateway.broadcast('chat.said', { text: 'Hello' })
    gateway.broadcast('chat.other', 1)
    await until('both have both events', () => pomelo.events.length === 2 && plain.events.length === 2)
    t.same(pomelo.events, [
      [dictionary['chat.said'], { text: 'Hello' }],
      ['chat.other', 1]
    ])
    t.same(
      plain.events.map(([name]) => name),
      ['chat.said', 'chat.other'],
      'the text protocol has names only'
    )
    // A code of an event is no route.
    await t.rejects(
      pomelo.request(dictionary['chat.said']!, {}).then(({ isError, body }) => {
        if (isError || (body as { code?: number }).code === 500) throw new Error('refused')
      })
    )
  }
)

t.test('a name that no event can have is refused', async t => {
  const handlers = join(root, 'test/fixtures/handlers-events')
  await t.rejects(startGateway(t, handlers, { events: 'chat.said,$kick' }), {
    code: 'OPTION_INVALID',
    message: /^In `events`: Expected the name of an event/
  })
})
