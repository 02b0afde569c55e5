/**
 * The routes' figures of the last minute, from the differences of the gateway's answers.
 *
 * Its owner adds each answer. Until there are two, the figures are those since the gateway's start.
 */
import { percentile, subtract } from './histogram.js'

/** @import { RouteRow, RoutesAnswer } from '../../api/console-api.js' */

/** Milliseconds that the figures are about, once the view has been open for as long. */
const span = 60_000

/**
 * @typedef {object} RouteFigures
 * @property {RouteRow} row
 * @property {number | null} rate requests a second; null: not known yet
 * @property {number} failures errors in this time
 * @property {number} requests requests in this time
 * @property {number | null} queue50
 * @property {number | null} queue99
 * @property {number | null} run50
 * @property {number | null} run99
 */

export class RouteHistory {
  /** @type {RoutesAnswer[]} */
  #answers = []

  /** Seconds that the figures are about; 0: since the gateway's start. */
  get seconds() {
    const [first, last] = [this.#answers[0], this.#answers.at(-1)]
    return first === undefined || last === undefined ? 0 : (last.at - first.at) / 1000
  }

  /** @param {RoutesAnswer} answer @returns {RouteFigures[]} */
  add(answer) {
    const last = this.#answers.at(-1)
    // Counters that have gone down are those of another gateway.
    if (last !== undefined && (answer.at <= last.at || total(answer) < total(last))) this.#answers = []
    this.#answers.push(answer)
    while (this.#answers.length > 2 && /** @type {RoutesAnswer} */ (this.#answers[1]).at < answer.at - span)
      this.#answers.shift()
    const base = this.#answers.length > 1 ? this.#answers[0] : undefined
    const before = new Map(base?.routes.map(row => [row.route, row]))
    return answer.routes.map(row => measure(row, before.get(row.route), this.seconds))
  }
}

/** @param {RouteRow} row @param {RouteRow | undefined} before @param {number} seconds @returns {RouteFigures} */
function measure(row, before, seconds) {
  const queue = subtract(row.queue, before?.queue)
  const run = subtract(row.run, before?.run)
  const requests = row.requests - (before?.requests ?? 0)
  return {
    row,
    requests,
    rate: before === undefined || seconds === 0 ? null : requests / seconds,
    failures: countErrors(row) - (before === undefined ? 0 : countErrors(before)),
    queue50: percentile(queue, 0.5),
    queue99: percentile(queue, 0.99),
    run50: percentile(run, 0.5),
    run99: percentile(run, 0.99)
  }
}

/** @param {RouteRow} row */
export function countErrors({ errors }) {
  return Object.values(errors).reduce((sum, count) => sum + count, 0)
}

/** @param {RoutesAnswer} answer */
function total({ routes }) {
  return routes.reduce((sum, { requests }) => sum + requests, 0)
}
