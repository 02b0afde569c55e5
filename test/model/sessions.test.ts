/**
 * Sessions against a model: handlers of several sessions do what they can do to sessions, at random, and after each step the
 * gateway holds what a few lines of code say that it must hold.
 */
import fc from 'fast-check'
import t from 'tap'
import { type TestSession, TestWorld } from '../../testing/index.js'
import type { BackendSession } from '../../workers/backend-session.js'
import type { HandlerContext } from '../../workers/context.js'

const keys = ['a', 'b', '__proto__', 'toString']
const uids = ['red', 'blue', '__proto__']

interface Model {
  settings: Map<string, unknown>
  uid: string | null
  isOpen: boolean
}

/** A step: what a handler of the session does, and what must come of it. It gives what the handler must fail with. */
interface Step {
  readonly name: string
  run(session: BackendSession, context: HandlerContext): unknown
  expect(model: Model, all: readonly Model[]): string | undefined
}

const key = fc.constantFrom(...keys)
const uid = fc.constantFrom(...uids)
const value = fc.oneof(fc.integer(), fc.string(), fc.constant(undefined), fc.date({ noInvalidDate: true }))

const setAndForget = fc.tuple(key, value).map(
  ([key, value]): Step => ({
    name: `set ${key}`,
    run: session => session.set(key, value),
    expect: () => undefined
  })
)
const push = fc.tuple(key, value, fc.boolean()).map(
  ([key, value, awaited]): Step => ({
    name: `push ${key}`,
    run: session => {
      session.set(key, value)
      return awaited ? session.apush(key) : session.push(key)
    },
    expect: ({ settings }) => void settings.set(key, value)
  })
)
const pushAll = fc.array(fc.tuple(key, value), { maxLength: 3 }).map(
  (pairs): Step => ({
    name: 'push all',
    run: session => {
      for (const [key, value] of pairs) session.set(key, value)
      return session.apushAll()
    },
    expect: ({ settings }) => {
      for (const [key, value] of pairs) settings.set(key, value)
    }
  })
)
const remove = key.map(
  (key): Step => ({
    name: `remove ${key}`,
    run: session => {
      session.remove(key)
      return session.apush(key)
    },
    expect: ({ settings }) => void settings.delete(key)
  })
)
const update = key.map(
  (key): Step => ({
    name: `update ${key}`,
    run: session => session.aupdate(key, (before: unknown) => `${String(before)}!`),
    expect: ({ settings }) => void settings.set(key, `${String(settings.get(key))}!`)
  })
)
const commit = fc.tuple(key, key, value).map(
  ([first, second, value]): Step => ({
    name: 'commit',
    run: session => {
      session.set(first, value)
      session.remove(second)
      return session.acommit()
    },
    expect: ({ settings }) => {
      settings.set(first, value)
      settings.delete(second)
    }
  })
)
const bind = uid.map(
  (uid): Step => ({
    name: `bind ${uid}`,
    run: session => session.abind(uid),
    expect: model => {
      if (model.uid !== null && model.uid !== uid) return 'UID_TAKEN'
      model.uid = uid
      return undefined
    }
  })
)
const unbind = uid.map(
  (uid): Step => ({
    name: `unbind ${uid}`,
    run: session => session.aunbind(uid),
    expect: model => {
      if (model.uid !== uid) return 'UID_NOT_BOUND'
      model.uid = null
      return undefined
    }
  })
)
const kick = uid.map(
  (uid): Step => ({
    name: `kick ${uid}`,
    run: (session, context) => context.sessions.akickByUid(session.frontendId, uid),
    expect: (_model, all) => {
      for (const each of all) if (each.isOpen && each.uid === uid) each.isOpen = false
      return undefined
    }
  })
)

const steps = fc.array(
  fc.tuple(
    fc.nat(2),
    fc.oneof(setAndForget, push, pushAll, remove, update, commit, bind, unbind, {
      weight: 1,
      arbitrary: kick
    })
  ),
  { minLength: 1, maxLength: 25 }
)

async function play(list: readonly (readonly [number, Step])[]): Promise<void> {
  const world = new TestWorld()
  try {
    const sessions = [world.join(), world.join(), world.join()]
    const models = sessions.map((): Model => ({ settings: new Map(), uid: null, isOpen: true }))
    for (const [index, step] of list) {
      const model = models[index]!
      if (!model.isOpen) continue
      const failed = await sessions[index]!.call(
        async (_body: undefined, session, context) => await step.run(session, context),
        undefined
      ).then(
        () => undefined,
        error => error.code
      )
      const expected = step.expect(model, models)
      if (failed !== expected)
        throw new Error(`${step.name} failed with ${failed}, and should with ${expected}`)
      for (const [at, session] of sessions.entries()) compare(step.name, session, models[at]!)
    }
  } finally {
    world.close()
  }
}

function compare(name: string, session: TestSession, model: Model): void {
  if (session.isOpen !== model.isOpen)
    throw new Error(`${name}: the session is ${session.isOpen ? 'open' : 'gone'}`)
  if (!model.isOpen) return
  if (session.uid !== model.uid) throw new Error(`${name}: bound to ${session.uid}, not ${model.uid}`)
  const held = Object.entries(session.settings).sort(([a], [b]) => (a < b ? -1 : 1))
  const wanted = [...model.settings].sort(([a], [b]) => (a < b ? -1 : 1))
  const show = (list: unknown[]) =>
    JSON.stringify(list, (_key, each) => (each === undefined ? 'undefined' : each))
  if (show(held) !== show(wanted)) throw new Error(`${name}: holds ${show(held)}, not ${show(wanted)}`)
}

t.test(
  'whatever handlers do to sessions, the gateway holds what the model says',
  { timeout: 120_000 },
  async t => {
    const seed = Date.now() % 1_000_000
    await fc.assert(fc.asyncProperty(steps, play), { numRuns: 1_000, seed })
    t.pass(`1,000 runs, seed ${seed}`)
  }
)
