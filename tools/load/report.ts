/** The report of a load, as text for people. */

import { withoutSecrets } from '../../client/base/closing-error.js'
import { printable } from '../../shared/text/printable.js'
import type { LoadPlan } from '../players/plan.js'
import {
  countOf,
  formatCount,
  formatRate,
  formatShare,
  formatTable,
  formatTime
} from '../terminal/figures.js'
import type { Paint } from '../terminal/output.js'
import type { LoadResult, StepResult, TimesResult, TroubleResult } from './result.js'

const heading = ['', 'ok', 'errors', 'p50', 'p90', 'p99', 'p99.9', 'max']

/** Returns what the load does, in a sentence. */
export function describePlan({
  url: given,
  route,
  sockets,
  inFlight,
  rate,
  duration,
  scenario
}: LoadPlan): string {
  const url = withoutSecrets(given)
  const time = `for ${formatTime(duration)}`
  if (scenario !== undefined)
    return `${url}: ${countOf(sockets, 'player runs', 'players run')} ${scenario.file} ${time}`
  const what =
    rate === undefined
      ? `${countOf(sockets, 'socket')} × ${inFlight} in flight`
      : `${formatRate(rate)} requests/s on ${countOf(sockets, 'socket')}`
  return `${url}: ${printable(route!)}, ${what} ${time}`
}

/** What the times mean, which differs with the kind of the load. */
const meanings: Readonly<Record<LoadResult['mode'], string>> = {
  'closed-loop':
    'Closed loop: each socket waits for a reply before it sends more, so a slow server is asked less.\nTimes are from sending to reply; what a pause delays is hidden. --rate shows it.',
  'open-loop':
    'Open loop: requests are sent when they are due, whatever the server does.\nTimes are from the moment when a request was due to its reply.',
  scenario:
    'Scenario: each player waits for a step before the next one (a closed loop).\nTimes are from the start of a step to its end.'
}

export function formatReport(result: LoadResult, paint: Paint): string {
  const { requests, requestsPerSecond, seconds, interrupted, mode } = result
  const ended = interrupted ? ' (ended before its time)' : ''
  return [
    '',
    `${paint('bold', `${countOf(requests, 'request')} in ${formatTime(seconds * 1_000)}: ${formatRate(requestsPerSecond)}/s`)}${ended}`,
    '',
    ...indent(formatTable([heading, ...Object.entries(result.steps).map(formatStep)])),
    ...formatErrors(result, paint),
    ...formatScenario(result, paint),
    '',
    ...formatSockets(result, paint),
    ...formatOpenLoop(result, paint),
    ...formatTool(result, paint),
    '',
    paint('dim', meanings[mode]),
    ''
  ].join('\n')
}

function formatStep([name, { ok, errors, times }]: [string, StepResult]): string[] {
  const failed = Object.values(errors).reduce((sum, { count }) => sum + count, 0)
  return [printable(name), formatCount(ok), formatCount(failed), ...percentiles(times)]
}

function percentiles({ p50, p90, p99, p999, max }: TimesResult): string[] {
  return [p50, p90, p99, p999, max].map(ms => formatTime(ms ?? Number.NaN))
}

function formatErrors({ steps, unanswered, unsent }: LoadResult, paint: Paint): string[] {
  const rows = Object.entries(steps).flatMap(([name, { errors }]) =>
    formatTroubles(errors, Object.keys(steps).length > 1 ? `${printable(name)} ` : '')
  )
  if (unanswered > 0) rows.push(`${formatCount(unanswered)} × no reply before the end of the load`)
  if (unsent > 0) rows.push(`${formatCount(unsent)} × due and not sent before the end of the load`)
  return rows.length === 0 ? [] : ['', paint('red', 'Errors'), ...indent(rows)]
}

function formatTroubles(troubles: Readonly<Record<string, TroubleResult>>, before = ''): string[] {
  return Object.entries(troubles)
    .sort(([, a], [, b]) => b.count - a.count)
    .map(
      ([name, { count, message }]) =>
        `${formatCount(count)} × ${before}${printable(name)}: ${printable(message)}`
    )
}

function formatScenario({ scenario }: LoadResult, paint: Paint): string[] {
  if (scenario === null) return []
  const faults = Object.values(scenario.faults).flatMap(({ count, message }) => {
    const [first, ...stack] = message.split('\n')
    return [`${formatCount(count)} × ${printable(first!)}`, ...stack.slice(0, 4).map(printable)]
  })
  const waiting = Object.entries(scenario.waiting)
    .sort(([, a], [, b]) => b - a)
    .map(([step, count]) => `${formatCount(count)} in ${printable(step)}`)
  const atEnd = waiting.length === 0 ? '' : `; players at the end of the run: ${waiting.join(', ')}`
  const lives = ['', `Lives       ${countOf(scenario.lives, 'came to its end', 'came to their end')}${atEnd}`]
  return faults.length === 0
    ? lives
    : [...lives, '', paint('red', 'Errors of the scenario'), ...indent(faults)]
}

function formatSockets({ sockets, events, scenario }: LoadResult, paint: Paint): string[] {
  const { asked, open, cuts, resumed, sessionsLost, failures, ends } = sockets
  const count =
    scenario === null
      ? `${formatCount(open)} of ${formatCount(asked)} open at the end`
      : countOf(asked, 'player')
  const lines = [`Sockets     ${count}${events > 0 ? `; ${countOf(events, 'event')} came` : ''}`]
  if (cuts + resumed + sessionsLost > 0) {
    const away = cuts - resumed - sessionsLost
    const atEnd = away > 0 ? `, ${formatCount(away)} without an answer at the end` : ''
    lines.push(
      `Cuts        ${formatCount(cuts)}; ${countOf(resumed, 'session')} resumed, ${formatCount(sessionsLost)} lost${atEnd}`
    )
  }
  const troubles = [...formatTroubles(failures), ...formatTroubles(ends)]
  return troubles.length === 0 ? lines : [...lines, '', paint('red', 'Connections'), ...indent(troubles), '']
}

function formatOpenLoop({ late }: LoadResult, _paint: Paint): string[] {
  if (late === null) return []
  const [p50, , p99] = percentiles(late)
  return [`Sent late   p50 ${p50}, p99 ${p99} after they were due: this part of the times is the tool's own`]
}

function formatTool({ tool, mode }: LoadResult, paint: Paint): string[] {
  const { threads, cpu, busy, isLimit } = tool
  const line = `This tool   ${countOf(threads, 'thread')}, ${cpu.toFixed(2)} cores of CPU; its busiest event loop was busy for ${formatShare(busy)}`
  if (!isLimit) return [line]
  const what = mode === 'open-loop' ? 'the times are too long' : 'the server may be able to do more'
  return [
    line,
    paint('yellow', `WARNING: this tool was the limit, so ${what}. Use more --threads, or more machines.`)
  ]
}

function indent(lines: readonly string[]): string[] {
  return lines.map(line => (line === '' ? line : `  ${line}`))
}
