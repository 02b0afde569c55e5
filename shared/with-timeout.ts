/** Waits for work that may take too long. */

/** Longest delay of a timer, in milliseconds: larger ones overflow a 32-bit number and fire at once. */
export const longestTimer = 2_147_483_647

/** Waits for `work`, but at most `ms` milliseconds. Returns its value; undefined if it took longer. */
export async function valueWithin<Value>(ms: number, work: Promise<Value>): Promise<Value | undefined> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<undefined>(resolve => {
    timer = setTimeout(() => resolve(undefined), ms)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

/** Waits for `work`, but at most `ms` milliseconds. Returns whether it was done in time. */
export async function withTimeout(ms: number, work: Promise<void>): Promise<boolean> {
  return (
    (await valueWithin(
      ms,
      work.then(() => true)
    )) === true
  )
}
