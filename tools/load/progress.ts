/**
 * The progress of a load on stderr: one line that is written anew in a terminal. Elsewhere a line every few
 * seconds, so that a log shows that the run is alive.
 */
import { addUp, type Figures } from '../players/figures.js'
import type { LoadPlan } from '../players/plan.js'
import { connectStep, resumeStep } from '../players/player-client.js'
import { countOf, formatCount, formatRate, formatTime } from '../terminal/figures.js'
import { cutTo, type Screen, sizeOf } from '../terminal/output.js'
import { timesOf } from './result.js'

/** Milliseconds between two lines. */
const intervals = { terminal: 1_000, elsewhere: 5_000 }

export interface ProgressInit {
  readonly plan: LoadPlan
  readonly stream: Screen & { write(text: string): unknown }
  readonly figures: () => Figures
}

export class Progress {
  readonly #init: ProgressInit
  readonly #timer: NodeJS.Timeout
  readonly #isTerminal: boolean
  /** When the load began; undefined: the sockets are being connected. */
  #begunAt: number | undefined
  #last = { at: performance.now(), done: 0 }

  constructor(init: ProgressInit) {
    this.#init = init
    this.#isTerminal = init.stream.isTTY === true
    const interval = this.#isTerminal ? intervals.terminal : intervals.elsewhere
    this.#timer = setInterval(() => this.#show(), interval)
    this.#timer.unref()
  }

  begin(): void {
    this.#begunAt = performance.now()
  }

  /** Ends the progress, and removes its line. */
  end(): void {
    clearInterval(this.#timer)
    if (this.#isTerminal) this.#init.stream.write('\r\u001b[K')
  }

  #show(): void {
    const { stream } = this.#init
    const line = this.#line(performance.now())
    if (this.#isTerminal) stream.write(`\r${cutTo(line, sizeOf(stream).columns - 1)}\u001b[K`)
    else stream.write(`${line}\n`)
  }

  #line(now: number): string {
    const { plan } = this.#init
    const figures = this.#init.figures()
    const sockets = `${formatCount(figures.open)} of ${countOf(plan.sockets, 'socket')}`
    if (this.#begunAt === undefined) return `connecting: ${sockets}${troubleIn(figures)}`
    const rate = ((figures.done - this.#last.done) * 1_000) / (now - this.#last.at)
    this.#last = { at: now, done: figures.done }
    const { p50, p99 } = timesOf(requestsOf(figures).times)
    const left = Math.max(0, plan.duration - (now - this.#begunAt))
    const times = p50 === null ? '' : `, p50 ${formatTime(p50)}, p99 ${formatTime(p99!)}`
    const rest =
      left > 0 ? `${formatTime(Math.ceil(left / 1_000) * 1_000)} left` : 'awaiting the last replies'
    return `${formatRate(rate)} requests/s${times}, ${sockets}${troubleIn(figures)}, ${rest}`
  }
}

function troubleIn(figures: Figures): string {
  const errors = [...requestsOf(figures).errors.values()].reduce((sum, { count }) => sum + count, 0)
  const failures = [...figures.failures.values()].reduce((sum, { count }) => sum + count, 0)
  const told = errors > 0 ? [countOf(errors, 'error')] : []
  if (failures > 0) told.push(countOf(failures, 'failed connection'))
  return told.map(each => `, ${each}`).join('')
}

/** Returns all requests as one step. */
function requestsOf({ steps }: Figures): { times: Figures['late']; errors: Map<string, { count: number }> } {
  const requests = [...steps].filter(([name]) => name !== connectStep && name !== resumeStep)
  const sum = addUp(requests.map(([, step]) => ({ ...addUp([]), steps: new Map([['', step]]) })))
  const all = sum.steps.get('')
  return all ?? { times: sum.late, errors: new Map() }
}
