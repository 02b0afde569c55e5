/** The game in a worker: what a batch runs, and how it ends. */
import t, { type Test } from 'tap'
import { addRequest, addTurn, type Batch, createBatch } from '../../shared/link/batch.js'
import { type InboxMessage, inboxKinds } from '../../shared/link/inbox.js'
import { outboxKinds } from '../../shared/link/outbox.js'
import { Game } from '../../workers/game.js'

/** Starts a game without a worker. `receive` hands it a message of the gateway. */
async function startGame(t: Test, files: Record<string, string>) {
  let receive = (_message: InboxMessage) => {}
  const sent: unknown[] = []
  const game = await Game.start({
    setup: {
      index: 0,
      frontendId: 'gate',
      handlers: t.testdir(files),
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
      postMessage: message => void sent.push(message),
      unref() {}
    },
    claims: { claim: () => true, setRunning() {}, beat() {} },
    settlesPushes: true
  })
  return { game, sent, receive: (message: InboxMessage) => receive(message) }
}

/** Returns a batch of one turn with these requests. */
function batchOf(...rids: number[]): Batch {
  const batch = createBatch()
  const session = { sid: 1, uid: null, version: 0, settings: '', isConnected: true }
  addTurn(batch, { viewId: 1, slot: 0, ...session }, rids.length)
  for (const rid of rids) addRequest(batch, { rid, route: 0, flags: 0, body: '' })
  return batch
}

for (const [form, reply] of [
  ['awaits its push', 'await session.apush("n"); return n'],
  ['replies in the callback of its push', 'return new Promise(done => session.push("n", () => done(n)))']
] as const) {
  t.test(`a batch ends with all requests of a turn done, if each ${form}`, async t => {
    const { game, sent } = await startGame(t, {
      'a.js': `export async function add(body, session) {
        const n = (session.get('n') ?? 0) + 1
        session.set('n', n)
        ${reply}
      }`
    })
    await game.run(batchOf(7, 8, 9))
    const items = sent.flat()
    for (const [rid, n] of [
      [7, '1'],
      [8, '2'],
      [9, '3']
    ]) {
      const at = items.findIndex((item, i) => item === outboxKinds.reply && items[i + 1] === rid)
      t.equal(items[at + 2], n, `the reply to ${rid}`)
    }
  })
}

t.test('what was sent before the task to stop is read first, though it comes by another port', async t => {
  const order: string[] = []
  Object.assign(globalThis, { order })
  t.teardown(() => Reflect.deleteProperty(globalThis, 'order'))
  const { game, receive } = await startGame(t, {
    'a.js': `export function wait(body, session, { signal }) {
      return new Promise(() => signal.addEventListener('abort', () => globalThis.order.push(signal.reason)))
    }`,
    '_hooks.js': `export function onStop() { globalThis.order.push('onStop') }`
  })
  await game.run(batchOf(7))
  const stopped = game.stop()
  setImmediate(() => receive([inboxKinds.aborted, 7, 'shutdown']))
  await stopped
  t.same(order, ['shutdown', 'onStop'])
})
