/**
 * Handlers that compute. Each call does the same amount of work, which takes a given time on an idle core.
 */

/** Trials that measure the speed of this thread; the fastest of them was not interrupted. */
const tries = 20
const roundsOfTry = 200_000

let roundsPerMilli: number | undefined

/** Computes for 20 ms. Replies with the microseconds that it took: more if threads share a core. */
export function twenty(): number {
  return burn(20)
}

/** Computes for 2 ms. */
export function two(): number {
  return burn(2)
}

function burn(millis: number): number {
  const startedAt = performance.now()
  roundsPerMilli ??= measureSpeed()
  compute(roundsPerMilli * millis)
  return Math.round((performance.now() - startedAt) * 1000)
}

function measureSpeed(): number {
  const times = Array.from({ length: tries }, () => {
    const startedAt = performance.now()
    compute(roundsOfTry)
    return performance.now() - startedAt
  })
  return Math.round(roundsOfTry / Math.min(...times))
}

/** The last number. It must be used, or the compiler removes the work. */
let last = 1

function compute(rounds: number): void {
  for (let i = 0; i < rounds; i++) last = (Math.imul(last, 1_664_525) + 1_013_904_223) | 0
}
