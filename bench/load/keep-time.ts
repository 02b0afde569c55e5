/**
 * Calls back for each moment of a list when it comes, a tenth of a millisecond late rather than the millisecond of a
 * timer. The thread naps in between: one that turned round until the moment comes would take a core from who is
 * measured.
 */

/** Milliseconds. Moments that come meanwhile are late, and so is the reading of replies. */
const nap = 0.1
/** Milliseconds that a timer may come too late. */
const timerSlack = 2

const nobody = new Int32Array(new SharedArrayBuffer(4))

/** `moments`: in order, milliseconds of the clock `now`. Resolves after the last. */
export function keepTime(
  moments: readonly number[],
  onMoment: (index: number, now: number) => void,
  now = () => performance.now()
): Promise<void> {
  return new Promise((resolve, reject) => {
    let next = 0
    const go = () => {
      try {
        for (let time = now(); moments[next]! <= time; time = now()) onMoment(next++, time)
      } catch (error) {
        return reject(error)
      }
      if (next >= moments.length) return resolve()
      const wait = moments[next]! - now()
      if (wait > timerSlack + 1) {
        setTimeout(go, Math.floor(wait - timerSlack))
      } else {
        Atomics.wait(nobody, 0, 0, nap)
        // Not at once: first what has come meanwhile is read.
        setImmediate(go)
      }
    }
    go()
  })
}
