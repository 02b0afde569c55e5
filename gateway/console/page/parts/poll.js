/**
 * Reads something again and again, for as long as the page is seen and the view is open.
 *
 * States: waiting → reading → waiting …; `stop` ends it for good. While the page is hidden it waits, and reads
 * at once when the page is seen again. After a failure it waits longer each time, up to a bound.
 */

/** Longest wait after failures, in milliseconds. */
const longestWait = 10_000

/**
 * Starts to read. Returns functions that end it, and that read at once.
 *
 * @template Answer
 * @param {object} task
 * @param {number} task.every milliseconds between an answer and the next call
 * @param {() => Promise<Answer>} task.read
 * @param {(answer: Answer) => void} task.got
 * @param {(error: Error) => void} task.failed
 */
export function poll({ every, read, got, failed }) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer
  let isOver = false
  let failures = 0
  /** The call that counts; the answer of an older one comes too late. */
  let turn = 0

  async function readOnce() {
    clearTimeout(timer)
    if (isOver || document.hidden) return
    const mine = ++turn
    try {
      const answer = await read()
      if (isOver || mine !== turn) return
      failures = 0
      got(answer)
    } catch (error) {
      if (isOver || mine !== turn) return
      failures++
      failed(/** @type {Error} */ (error))
    }
    timer = setTimeout(
      readOnce,
      Math.min(every * 2 ** Math.max(0, failures - 1), Math.max(every, longestWait))
    )
  }

  document.addEventListener('visibilitychange', readOnce)
  readOnce()
  return {
    again: readOnce,
    stop() {
      isOver = true
      clearTimeout(timer)
      document.removeEventListener('visibilitychange', readOnce)
    }
  }
}
