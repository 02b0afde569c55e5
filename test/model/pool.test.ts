/**
 * The pool against what it must keep: workers come up, fail and end, are renewed and reloaded, in any order
 * and at any time. A worker that is up has a place or retires, each place gets a worker again, and a close
 * leaves none.
 */
import fc from 'fast-check'
import t from 'tap'
import { type Core, type ScriptedWorker, settle, startCore } from '../helpers/core.js'
import { HeldTime } from '../helpers/held-time.js'

const places = 2

type Move =
  | { readonly do: 'come up' | 'die' | 'renew'; readonly which: number }
  | { readonly do: 'reload' }
  | { readonly do: 'wait'; readonly ms: number }

const which = fc.nat(5)
const moves: fc.Arbitrary<Move[]> = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: which.map((which): Move => ({ do: 'come up', which })) },
    { weight: 5, arbitrary: which.map((which): Move => ({ do: 'die', which })) },
    { weight: 3, arbitrary: which.map((which): Move => ({ do: 'renew', which })) },
    { weight: 1, arbitrary: fc.constant<Move>({ do: 'reload' }) },
    { weight: 4, arbitrary: fc.integer({ min: 1, max: 1_500 }).map((ms): Move => ({ do: 'wait', ms })) }
  ),
  { maxLength: 60 }
)

/** Workers that have not ended, in the order of their starts. */
function living(core: Core): ScriptedWorker[] {
  return core.workers.filter(({ hasEnded }) => !hasEnded)
}

function pick<Item>(items: readonly Item[], which: number): Item | undefined {
  return items[which % Math.max(1, items.length)]
}

async function make(move: Move, core: Core, time: HeldTime): Promise<void> {
  const starting = living(core).filter(({ isUp }) => !isUp)
  if (move.do === 'come up') pick(starting, move.which)?.comeUp()
  else if (move.do === 'die') pick(living(core), move.which)?.die(new Error('the test says so'))
  else if (move.do === 'renew') {
    const worker = pick(core.pool.up, move.which)
    if (worker !== undefined) core.pool.renew(worker, 'the test says so')
  } else if (move.do === 'wait') time.pass(move.ms)
  else core.pool.reload().catch(() => {})
  await settle()
}

t.test('no worker is lost, and each place gets one again', async t => {
  const time = new HeldTime(t)
  await fc.assert(
    fc.asyncProperty(moves, async moves => {
      const core = await startCore({ workers: places })
      core.holdStarts = true
      for (const move of moves) {
        await make(move, core, time)
        const up = living(core).filter(({ isUp }) => isUp).length
        const { alive } = core.pool
        if (alive.length !== up) throw new Error(`${up} are up, the pool has ${alive.length}`)
      }
      core.holdStarts = false
      for (const worker of living(core)) if (!worker.isUp) worker.comeUp()
      // Longer than any pause before a next try, in steps that are shorter than the time to come up.
      for (let passed = 0; passed < 22_000; passed += 500) {
        time.pass(500)
        await settle()
      }
      if (core.pool.up.length !== places) throw new Error(`only ${core.pool.up.length} places have a worker`)
      if (living(core).length !== places) throw new Error(`${living(core).length} workers live`)
      await core.close()
      await settle()
      if (living(core).length > 0) throw new Error(`${living(core).length} workers are left after the close`)
    }),
    { numRuns: 300 }
  )
  t.pass('300 sequences of moves')
})
