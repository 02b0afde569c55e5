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

/** Returns a batch with a turn for each of these routes, in order. Its request has the number of its turn. */
function batchOfTurns(game: Game, ...routes: string[]): Batch {
  const batch = createBatch()
  const known = game.hello.kind === 'hello' ? [...game.hello.routes, ...game.hello.hooks] : []
  for (const [at, route] of routes.entries()) {
    const session = { sid: at + 1, uid: null, version: 0, settings: '', isConnected: true }
    addTurn(batch, { viewId: at + 1, slot: at, ...session }, 1)
    addRequest(batch, {
      rid: at + 1,
      route: known.findIndex(each => each.route === route),
      flags: 0,
      body: ''
    })
  }
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

/** A handler that has the thread for longer than requests may in a row, so that those behind it wait. */
const lasting = 'export function last() { const end = Date.now() + 20; while (Date.now() < end); }'

for (const reason of ['timeout', 'session closed', 'shutdown'] as const) {
  t.test(`a request that is aborted (${reason}) while it waits for the thread does not run`, async t => {
    const ran: string[] = []
    Object.assign(globalThis, { ran })
    t.teardown(() => Reflect.deleteProperty(globalThis, 'ran'))
    const { game, sent, receive } = await startGame(t, {
      'a.js': `${lasting}
        export function late() { globalThis.ran.push('late') }
        export function next() { globalThis.ran.push('next') }`
    })
    sent.length = 0
    const run = game.run(batchOfTurns(game, 'a.last', 'a.last', 'a.late', 'a.next'))
    receive([inboxKinds.aborted, 3, reason])
    // Nobody has that request, as if it had ended meanwhile: this is forgotten.
    receive([inboxKinds.aborted, 5, reason])
    await run
    t.same(ran, ['next'])
    const items = sent.flat()
    const at = items.indexOf('CLOSING')
    t.same(items.slice(at - 2, at), [outboxKinds.failed, 3], 'the gateway gets an outcome')
    await game.run(batchOfTurns(game, 'a.next', 'a.next', 'a.next', 'a.next', 'a.late'))
    t.same(ran, ['next', 'next', 'next', 'next', 'next', 'late'], 'later ones are not aborted')
  })
}

t.test('an onClose that is aborted while it waits for the thread runs, and its signal says so', async t => {
  const ran: unknown[] = []
  Object.assign(globalThis, { ran })
  t.teardown(() => Reflect.deleteProperty(globalThis, 'ran'))
  const { game, receive } = await startGame(t, {
    'a.js': lasting,
    '_hooks.js': `export function onClose(session, why, { signal }) {
      globalThis.ran.push(signal.aborted, signal.reason)
    }`
  })
  const run = game.run(batchOfTurns(game, 'a.last', '_hooks.onClose'))
  receive([inboxKinds.aborted, 2, 'timeout'])
  await run
  t.same(ran, [true, 'timeout'])
})
