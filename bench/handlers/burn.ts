/** Handlers that compute: always the same work, as much as takes so long on a core that has nothing else to do. */

/** Tries to find out how fast this thread is; the fastest was not interrupted. */
const tries = 20
const roundsOfTry = 200_000

let roundsPerMilli: number | undefined

/** Answers how many microseconds it took: more, where threads share a core. */
export function twenty(): number {
  return burn(20)
}

/** The same for 2 ms. */
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

/** The last number: it must be used, or the compiler leaves out the work. */
let last = 1

function compute(rounds: number): void {
  for (let i = 0; i < rounds; i++) last = (Math.imul(last, 1_664_525) + 1_013_904_223) | 0
}
