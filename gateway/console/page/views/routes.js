/** The routes: how often they are called, how long they take, how they fail, and which are suspended. */
import { change, isReadOnly, read } from '../parts/api.js'
import { ask, attempt } from '../parts/dialog.js'
import { button, create, setText } from '../parts/dom.js'
import { formatCount, formatDuration, formatRate, formatSeconds, formatShare } from '../parts/format.js'
import { poll } from '../parts/poll.js'
import { RouteHistory } from '../parts/route-figures.js'
import { Table } from '../parts/table.js'

/** @import { RouteRow, RoutesAnswer } from '../../api/console-api.js' */
/** @import { RouteFigures } from '../parts/route-figures.js' */
/** @import { View } from '../console.js' */

/** @returns {View} */
export function openRoutes() {
  const summary = create('p', { className: 'hint' })
  const error = create('p', { className: 'error', role: 'alert' })
  const history = new RouteHistory()
  const table = createTable(() => reading.again())

  const reading = poll({
    every: 2_000,
    read: () => read('routes'),
    got(/** @type {RoutesAnswer} */ answer) {
      error.textContent = ''
      table.update(history.add(answer))
      setText(summary, describeSpan(history))
    },
    failed: failure => setText(error, failure.message)
  })

  const element = create(
    'div',
    { className: 'view' },
    create('div', { className: 'bar' }, create('h2', {}, 'Routes'), summary),
    error,
    table.element
  )
  return { title: 'Routes', element, close: reading.stop }
}

/** @param {RouteHistory} history */
export function describeSpan({ seconds }) {
  return seconds === 0
    ? 'Figures since the gateway’s start.'
    : `Figures of the last ${formatDuration(Math.round(seconds))}.`
}

/** @param {() => void} changed @returns {Table<RouteFigures>} */
function createTable(changed) {
  /**
   * @param {string} title
   * @param {(figures: RouteFigures) => number | null} value
   * @param {(value: number | null) => string} format
   */
  const figure = (title, value, format) => ({
    title,
    className: 'number',
    /** @param {RouteFigures} figures */
    text: figures => format(value(figures)),
    sortBy: value
  })
  return new Table({
    label: 'Routes',
    keyOf: ({ row }) => row.route,
    empty: 'No handler offers a route.',
    columns: [
      {
        title: 'Route',
        className: 'code text',
        sortBy: ({ row }) => row.route,
        fill(cell, { row }, isNew) {
          if (!isNew) return
          cell.append(create('a', { href: `#/routes/${encodeURIComponent(row.route)}` }, row.route))
        }
      },
      figure('Requests', ({ rate }) => rate, formatRate),
      figure('All so far', ({ row }) => row.requests, formatCount),
      {
        title: 'Errors',
        className: 'number',
        sortBy: ({ failures, requests }) => (requests === 0 ? 0 : failures / requests),
        fill(cell, { failures, requests }) {
          setText(
            cell,
            failures === 0 ? '0' : `${formatCount(failures)} (${formatShare(failures / requests)})`
          )
          cell.classList.toggle('error', failures > 0)
        }
      },
      figure('Queue median', ({ queue50 }) => queue50, formatSeconds),
      figure('Queue p99', ({ queue99 }) => queue99, formatSeconds),
      figure('Run median', ({ run50 }) => run50, formatSeconds),
      figure('Run p99', ({ run99 }) => run99, formatSeconds),
      {
        title: 'State',
        className: 'actions',
        fill(cell, { row }) {
          showSuspension(cell, row, changed)
        }
      }
    ]
  })
}

/**
 * Shows whether a route is suspended, with the button that ends it.
 *
 * @param {HTMLElement} element
 * @param {RouteRow} row
 * @param {() => void} changed
 */
export function showSuspension(element, { route, suspendedFor }, changed) {
  if (suspendedFor === 0) {
    if (element.dataset['kind'] === 'offered') return
    element.dataset['kind'] = 'offered'
    element.replaceChildren(create('span', { className: 'state well' }, 'offered'))
    return
  }
  const text = `suspended for ${formatDuration(suspendedFor / 1000)}`
  const state = element.querySelector('.state')
  if (element.dataset['kind'] === 'suspended' && state !== null) {
    setText(state, text)
    return
  }
  element.dataset['kind'] = 'suspended'
  const resume = button('Resume …', () => askToResume(route, changed), {
    className: 'quiet small',
    disabled: isReadOnly()
  })
  element.replaceChildren(create('span', { className: 'state error' }, text), ' ', resume)
}

/** @param {string} route @param {() => void} changed */
async function askToResume(route, changed) {
  const answer = await ask({
    title: `Offer ${route} again?`,
    text: 'It was suspended because it ended workers repeatedly. If it does so again, the requests of other players in that worker have to be repeated, or fail.',
    confirm: 'Resume'
  })
  if (answer === undefined) return
  await attempt(`${route} is offered again.`, () => change(`routes/${encodeURIComponent(route)}/resume`))
  changed()
}
