/** The end of the game in a worker. */
import t from 'tap'
import { addRequest, addTurn, createBatch } from '../../shared/link/batch.js'
import { type InboxMessage, inboxKinds } from '../../shared/link/inbox.js'
import { Game } from '../../workers/game.js'

const handlers = `
  export function wait(body, session, { signal }) {
    return new Promise(() => signal.addEventListener('abort', () => globalThis.order.push(signal.reason)))
  }`

const hooks = `export function onStop() { globalThis.order.push('onStop') }`

t.test('what was sent before the task to stop is read first, though it comes by another port', async t => {
  const order: string[] = []
  Object.assign(globalThis, { order })
  t.teardown(() => Reflect.deleteProperty(globalThis, 'order'))
  let receive = (_message: InboxMessage) => {}
  const game = await Game.start({
    setup: {
      index: 0,
      frontendId: 'gate',
      handlers: t.testdir({ 'a.js': handlers, '_hooks.js': hooks }),
      typescriptLoaders: [],
      tsconfig: undefined,
      maxSettingsLength: 1_000,
      maxSettingsKeys: 10,
      maxBodyBytes: 1_000,
      maxBodyDepth: 8,
      maxOperationsPerRequest: 0,
      pulseInterval: 0,
      isDevelopment: false,
      isListing: false,
      makesSpans: false,
      reportsFigures: false
    },
    port: {
      on: (_event, listener) => {
        receive = listener
      },
      postMessage() {},
      unref() {}
    },
    claims: { claim: () => true, setRunning() {}, beat() {} },
    settlesPushes: true
  })
  const batch = createBatch()
  addTurn(batch, { viewId: 1, slot: 0, sid: 1, uid: null, version: 0, settings: '', isConnected: true }, 1)
  addRequest(batch, { rid: 7, route: 0, flags: 0, body: '' })
  await game.run(batch)

  const stopped = game.stop()
  setImmediate(() => receive([inboxKinds.aborted, 7, 'shutdown']))
  await stopped
  t.same(order, ['shutdown', 'onStop'])
})
