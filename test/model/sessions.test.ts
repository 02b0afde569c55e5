/**
 * Sessions against a model: handlers do random steps to several sessions. After each step the gateway's
 * sessions must equal those of the model, which is a few lines of code.
 */
import fc from 'fast-check'
import t from 'tap'
import { type TestSession, TestWorld } from '../../testing/index.js'
import { act, find, type Step } from '../handlers/model/player.js'
import { until } from '../helpers/until.js'
import { after, isSame, type Model, newModel, show, step, uid, uids } from './model.js'
import { ThreadedRuns } from './threaded-runs.js'

/** A move of one of three players: a step of a handler, a kick, or leaving. */
type Move = readonly [player: number, move: Step | 'leave']

const moves: fc.Arbitrary<Move[]> = fc.array(
  fc.tuple(
    fc.nat(2),
    fc.oneof(
      { weight: 8, arbitrary: step },
      { weight: 1, arbitrary: uid.map((uid): Step => ({ do: 'kick', uid })) },
      { weight: 1, arbitrary: fc.constant('leave' as const) }
    )
  ),
  { minLength: 1, maxLength: 25 }
)

/** A session and its model; undefined: the session has ended. */
interface Pair {
  readonly session: TestSession
  model: Model | undefined
}

async function play(list: readonly Move[]): Promise<void> {
  const world = new TestWorld()
  try {
    const pairs = [1, 2, 3].map((): Pair => ({ session: world.join(), model: newModel() }))
    const watcher = world.join()
    for (const [index, move] of list) {
      const pair = pairs[index]!
      if (pair.model === undefined) continue
      if (move === 'leave') {
        pair.session.leave()
        pair.model = undefined
      } else {
        const acted = await pair.session.call(act, move)
        const [next] = after([pair.model], move, acted)
        if (next === undefined) throw new Error(`${JSON.stringify(move)} ended with ${JSON.stringify(acted)}`)
        pair.model = next
        if (move.do === 'kick')
          for (const each of pairs) if (each.model?.uid === move.uid) each.model = undefined
      }
      for (const each of pairs) compare(each)
      for (const uid of uids) {
        const bound = pairs.filter(({ model }) => model?.uid === uid).map(({ session }) => session.id)
        const found = await watcher.call(find, uid)
        if (String(found.sort()) !== String(bound)) throw new Error(`${uid} has ${found}, not ${bound}`)
      }
    }
  } finally {
    world.close()
  }
}

function compare({ session, model }: Pair): void {
  if (session.isOpen !== (model !== undefined))
    throw new Error(`${session.id} is ${session.isOpen ? 'open' : 'gone'}`)
  if (model === undefined) return
  const seen = { uid: session.uid, settings: Object.entries(session.settings) }
  if (!isSame(model, seen))
    throw new Error(`it is ${show(seen.uid, seen.settings)}, not ${show(model.uid, model.settings)}`)
}

t.test(
  'after any steps of handlers, the sessions in the gateway equal those of the model',
  { timeout: 120_000 },
  async t => {
    const seed = Date.now() % 1_000_000
    await fc.assert(fc.asyncProperty(moves, play), { numRuns: 300, seed })
    t.pass(`300 runs, seed ${seed}`)
  }
)

t.test(
  'sessions equal the model also when players drop and resume, and workers are killed',
  { timeout: 120_000 },
  async t => {
    const seed = Date.now() % 1_000_000
    t.comment(`seed ${seed}`)
    const runs = await ThreadedRuns.start()
    t.teardown(() => runs.close())
    await fc.assert(
      fc.asyncProperty(runs.moves, list => runs.play(list)),
      { numRuns: 50, seed, endOnFailure: true }
    )
    t.comment(JSON.stringify(runs.counts))
    t.ok(
      Object.values(runs.counts).every(count => count > 0),
      'all of it happened'
    )
    await until('each onClose has begun', () => runs.left().requestsWaiting === 0)
    const left = runs.left()
    // Closes the gateway, which waits for each onClose.
    await runs.close()
    t.same(runs.hookFaults(), [])
    t.comment(JSON.stringify(runs.hookCounts))
    t.ok(
      Object.values(runs.hookCounts).every(count => count > 0),
      'each hook was called'
    )
    t.match(left, { sessions: 0, users: 0, requestsWaiting: 0, detachedSessions: 0, backlogBytes: 0 })
  }
)
