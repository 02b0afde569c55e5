/** The game in a worker: what a batch runs, and how it ends. */
import t, { type Test } from 'tap'
import { addRequest, addTurn, type Batch, createBatch } from '../../shared/link/batch.js'
import { type InboxMessage, inboxKinds } from '../../shared/link/inbox.js'
import { outboxKinds } from '../../shared/link/outbox.js'
import { Game } from '../../workers/game.js'
import { workerSetup } from '../helpers/worker-setup.js'

/** Starts a game without a worker. `receive` hands it a message of the gateway. */
async function startGame(t: Test, files: Record<string, string>) {
  let receive = (_message: InboxMessage) => {}
  const sent: unknown[] = []
  const game = await Game.start({
    setup: { ...workerSetup, handlers: t.testdir(files) },
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
    // A round of the event loop settles pushes for some milliseconds, so a stall may end a batch early.
    let [rid, wholeBatches] = [0, 0]
    for (let batches = 0; batches < 50 && wholeBatches === 0; batches++) {
      await new Promise(resolve => setImmediate(resolve))
      const rids = [++rid, ++rid, ++rid]
      sent.length = 0
      await game.run(batchOf(...rids))
      const items = sent.flat()
      const isReplied = (each: number) =>
        items.some((item, at) => item === outboxKinds.reply && items[at + 1] === each)
      if (rids.every(isReplied)) wholeBatches++
    }
    t.equal(wholeBatches, 1)
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
