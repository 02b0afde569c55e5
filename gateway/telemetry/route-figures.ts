/** The figures of one route: its requests by outcome, their time in the queue, and their time in a worker. */
import { durationBounds, Histogram } from './histogram.js'

/**
 * How a request ended: with a reply, with an error of its handler, at its deadline, with its worker, without
 * any worker that could run it, or because its session ended first.
 */
export const requestOutcomes = ['ok', 'error', 'timeout', 'worker_lost', 'not_run', 'dropped'] as const

export type RequestOutcome = (typeof requestOutcomes)[number]

export class RouteFigures {
  /** Seconds from the arrival of each request until its handler could start, or it was decided before. */
  readonly queue = new Histogram(durationBounds)
  /** Seconds from then until the outcome. */
  readonly run = new Histogram(durationBounds)
  readonly outcomes: Record<RequestOutcome, number> = {
    ok: 0,
    error: 0,
    timeout: 0,
    worker_lost: 0,
    not_run: 0,
    dropped: 0
  }

  /** Adds a request that is decided `now`. All times are of the monotonic clock, in milliseconds. */
  add(outcome: RequestOutcome, arrivedAt: number, startedAt: number | undefined, now: number): void {
    this.outcomes[outcome]++
    this.queue.add(((startedAt ?? now) - arrivedAt) / 1000)
    if (startedAt !== undefined) this.run.add((now - startedAt) / 1000)
  }
}
