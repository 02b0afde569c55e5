/**
 * A precise timer. It calls back for each moment of a list, a tenth of a millisecond late at most, where a
 * timer of Node may be a millisecond late. The thread sleeps in between: a busy loop would take a core from
 * the measured server.
 */

/** Length of a sleep in milliseconds. Moments within it are late, and so are replies. */
const nap = 0.1
/** Milliseconds by which a timer may be late. */
const timerSlack = 2

const nobody = new Int32Array(new SharedArrayBuffer(4))

/**
 * Calls back at each moment. `moments`: sorted, in milliseconds of the clock `now`. Resolves after the last.
 */
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
        // Not at once, so that received data is read first.
        setImmediate(go)
      }
    }
    go()
  })
}
