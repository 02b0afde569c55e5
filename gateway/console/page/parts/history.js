/**
 * The last minutes of the gateway as columns of figures, made from the differences of its answers.
 *
 * Columns have the same length; null stands for a moment without an answer, where a line is broken.
 */
import { percentile, subtract } from './histogram.js'

/** @import { Overview } from '../../api/console-api.js' */

/** Moments that are kept: 15 minutes, with an answer every two seconds. */
const most = 450
/** Seconds between two answers after which the line is broken: the page was hidden, or the gateway away. */
const longestStep = 7

/** The columns, beside `time`. */
const names = /** @type {const} */ ([
  'connections',
  'sessions',
  'detached',
  'requests',
  'errors',
  'events',
  'queue50',
  'queue99',
  'run50',
  'run99',
  'delay50',
  'delay99',
  'delayMax',
  'rss',
  'heapUsed',
  'external',
  'cpu'
])

/** @typedef {(typeof names)[number]} Column */
/** @typedef {Record<Column, number | null>} Sample */

export class History {
  /** Moments, in seconds since the epoch, as uPlot wants them. @type {number[]} */
  time = []
  /** @type {Record<Column, (number | null)[]>} */
  columns = /** @type {any} */ (Object.fromEntries(names.map(name => [name, []])))
  /** @type {Overview | undefined} */
  last

  /** The newest figures; undefined before the first answer. @returns {Sample | undefined} */
  get newest() {
    const at = this.time.length - 1
    return at < 0 ? undefined : this.at(at)
  }

  /** @param {number} index @returns {Sample} */
  at(index) {
    return /** @type {Sample} */ (
      Object.fromEntries(names.map(name => [name, this.columns[name][index] ?? null]))
    )
  }

  /** @param {Overview} overview */
  add(overview) {
    const { last } = this
    this.last = overview
    // An answer of a gateway that was started since has nothing to be compared with.
    const isSame =
      last !== undefined && last.frontendId === overview.frontendId && overview.uptime > last.uptime
    const seconds = isSame ? overview.uptime - last.uptime : 0
    if (last !== undefined && (!isSame || seconds > longestStep)) this.#push(overview.at / 1000 - 0.001, {})
    this.#push(overview.at / 1000, measure(overview, isSame ? last : undefined, seconds))
  }

  /** @param {number} time @param {Partial<Sample>} sample */
  #push(time, sample) {
    // A clock that was set back must not turn the line around.
    if (time <= (this.time.at(-1) ?? 0)) {
      this.time.length = 0
      for (const name of names) this.columns[name].length = 0
    }
    this.time.push(time)
    for (const name of names) this.columns[name].push(sample[name] ?? null)
    if (this.time.length <= most) return
    this.time.shift()
    for (const name of names) this.columns[name].shift()
  }

  /**
   * Returns the columns of the last `seconds`, as uPlot draws them: the time, then the others.
   *
   * @param {readonly Column[]} wanted
   * @param {number} seconds
   * @returns {[number[], ...(number | null)[][]]}
   */
  slice(wanted, seconds) {
    const first = this.time.findIndex(time => time >= (this.time.at(-1) ?? 0) - seconds)
    const from = Math.max(0, first)
    return [this.time.slice(from), ...wanted.map(name => this.columns[name].slice(from))]
  }
}

/**
 * @param {Overview} now
 * @param {Overview | undefined} before
 * @param {number} seconds between them
 * @returns {Sample}
 */
function measure(now, before, seconds) {
  const { counters, gauges, eventLoopDelay: delay, memory } = now
  const rate = (/** @type {string[]} */ ...keys) =>
    before === undefined
      ? null
      : keys.reduce((sum, key) => sum + (counters[key] ?? 0) - (before.counters[key] ?? 0), 0) / seconds
  const queue = before && subtract(now.histograms.queue, before.histograms.queue)
  const run = before && subtract(now.histograms.run, before.histograms.run)
  const delayOf = (/** @type {number} */ value) => (before === undefined ? null : value)
  return {
    connections: gauges['connections'] ?? null,
    sessions: gauges['sessions'] ?? null,
    detached: gauges['detachedSessions'] ?? null,
    requests: rate('requests', 'notifies'),
    errors: rate('errors'),
    events: rate('eventsSent'),
    queue50: queue ? percentile(queue, 0.5) : null,
    queue99: queue ? percentile(queue, 0.99) : null,
    run50: run ? percentile(run, 0.5) : null,
    run99: run ? percentile(run, 0.99) : null,
    delay50: delayOf(delay.p50),
    delay99: delayOf(delay.p99),
    delayMax: delayOf(delay.max),
    rss: memory.rss,
    heapUsed: memory.heapUsed,
    external: memory.external,
    cpu: before === undefined ? null : (now.cpu - before.cpu) / seconds
  }
}
