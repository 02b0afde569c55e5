/** The removal of what is kept of sessions that have ended. */
import t from 'tap'
import { EndedEntries } from '../../../../gateway/cluster/parking/entries/ended-entries.js'

/** A store whose answers a test gives. */
class Store {
  isUp = true
  /** What is asked for: `remove` with a number, or `sweep` with the number of a session. */
  readonly asked: string[] = []
  readonly answers: ((isDone: boolean) => void)[] = []

  /** Whether entries are those of their sessions. */
  isSame = true

  async has(): Promise<boolean> {
    return this.isSame
  }

  remove(number: number): Promise<boolean> {
    return this.#ask(`remove ${number}`)
  }

  sweep(sid: number): Promise<boolean> {
    return this.#ask(`sweep ${sid}`)
  }

  #ask(what: string): Promise<boolean> {
    this.asked.push(what)
    return new Promise(resolve => this.answers.push(resolve))
  }

  /** Answers all that was asked for so far. */
  async answer(isDone: boolean): Promise<void> {
    for (const each of this.answers.splice(0)) each(isDone)
    await new Promise(resolve => setImmediate(resolve))
  }
}

function create() {
  const store = new Store()
  const timers: (() => void)[] = []
  const after = (_ms: number, run: () => void) => {
    timers.push(run)
    return () => {}
  }
  return { store, timers, ended: new EndedEntries({ log: store, timing: { after } }) }
}

t.test('of thousands that end at once 32 are removed at a time, each once', async t => {
  const { store, ended } = create()
  for (let sid = 1; sid <= 5_000; sid++) ended.add(sid, undefined, () => ({ generation: 0, only: sid }))
  await new Promise(resolve => setImmediate(resolve))
  t.equal(store.asked.length, 32)
  for (let n = 0; n < 10; n++) ended.removeNext()
  t.equal(store.asked.length, 32, 'a look begins nothing anew')
  while (store.answers.length > 0) {
    t.ok(store.answers.length <= 32)
    await store.answer(true)
  }
  t.same(
    store.asked,
    Array.from({ length: 5_000 }, (_, n) => `remove ${n + 1}`)
  )
  t.notOk(ended.has(5_000))
})

t.test('what has no answer is asked for again at the next look, behind the others', async t => {
  const { store, ended } = create()
  for (const sid of [1, 2]) ended.add(sid, undefined, () => ({ generation: 7, only: undefined }))
  await new Promise(resolve => setImmediate(resolve))
  await store.answer(false)
  t.same(store.asked, ['sweep 1', 'sweep 2'])
  t.ok(ended.has(1) && ended.has(2))
  store.isUp = false
  ended.removeNext()
  t.equal(store.asked.length, 2, 'not while the store is away')
  store.isUp = true
  ended.add(3, undefined, () => ({ generation: 0, only: 9 }))
  await new Promise(resolve => setImmediate(resolve))
  t.same(store.asked.slice(2), ['sweep 1', 'sweep 2', 'remove 9'])
  await store.answer(true)
  t.notOk([1, 2, 3].some(sid => ended.has(sid)))
})

t.test('an entry of a store that was made anew is not taken for that of the session', async t => {
  const { store, ended } = create()
  store.isSame = false
  ended.add(1, undefined, () => ({ generation: 0, only: 5 }))
  await new Promise(resolve => setImmediate(resolve))
  t.same(store.asked, ['sweep 1'])
})

t.test('a session that has come back, and ends once more, is removed once more', async t => {
  const { store, ended } = create()
  ended.add(1, undefined, () => ({ generation: 0, only: 5 }))
  await new Promise(resolve => setImmediate(resolve))
  ended.add(1, undefined, () => ({ generation: 7, only: undefined }))
  await new Promise(resolve => setImmediate(resolve))
  t.same(store.asked, ['remove 5'], 'one removal at a time')
  await store.answer(true)
  t.same(store.asked, ['remove 5', 'sweep 1'])
  t.ok(ended.has(1))
  await store.answer(true)
  t.notOk(ended.has(1))
})

t.test('a session counts as ended while its last write is under way, and is removed behind it', async t => {
  const { store, ended } = create()
  let written = () => {}
  ended.add(1, new Promise<void>(resolve => (written = resolve)), () => ({ generation: 0, only: 5 }))
  ended.removeNext()
  t.ok(ended.has(1))
  t.same(store.asked, [])
  written()
  await new Promise(resolve => setImmediate(resolve))
  t.same(store.asked, ['remove 5'])
})

t.test('an end waits until all are removed, or its time is over', async t => {
  const { store, ended, timers } = create()
  await ended.close(1_000)
  ended.add(1, undefined, () => ({ generation: 0, only: 1 }))
  let isClosed = false
  const closing = ended.close(1_000).then(() => (isClosed = true))
  await new Promise(resolve => setImmediate(resolve))
  t.notOk(isClosed)
  await store.answer(true)
  await closing
  ended.add(2, undefined, () => ({ generation: 0, only: 2 }))
  const cut = ended.close(1_000)
  timers.at(-1)!()
  await cut
  t.ok(ended.has(2))
})
