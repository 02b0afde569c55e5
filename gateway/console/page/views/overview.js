/** The overview: what is wrong and what to do, the figures of the moment, and charts of the last minutes. */
import { Chart, loadCharts } from '../parts/chart.js'
import { choice, create, field, icon, markCode, setText } from '../parts/dom.js'
import { formatBytes, formatCount, formatRate, formatSeconds, formatShare } from '../parts/format.js'
import { countUp } from '../parts/places.js'

/** @import { Diagnosis, Overview } from '../../api/console-api.js' */
/** @import { ChartInit } from '../parts/chart.js' */
/** @import { Column, History, Sample } from '../parts/history.js' */
/** @import { View } from '../console.js' */

/** @type {readonly ChartInit[]} */
const charts = [
  {
    title: 'Connections',
    lines: [
      { column: 'connections', label: 'connections', colour: 1 },
      { column: 'detached', label: 'clients away', colour: 2 }
    ],
    format: formatCount,
    least: 5
  },
  {
    title: 'Messages a second',
    lines: [
      { column: 'requests', label: 'requests', colour: 1 },
      { column: 'events', label: 'events', colour: 3 },
      { column: 'errors', label: 'errors', colour: 4 }
    ],
    format: formatRate,
    least: 5
  },
  {
    title: 'Queue time of requests',
    lines: [
      { column: 'queue50', label: 'median', colour: 1 },
      { column: 'queue99', label: 'p99', colour: 2 }
    ],
    format: formatSeconds,
    least: 0.001
  },
  {
    title: 'Run time of requests',
    lines: [
      { column: 'run50', label: 'median', colour: 1 },
      { column: 'run99', label: 'p99', colour: 2 }
    ],
    format: formatSeconds,
    least: 0.001
  },
  {
    title: 'Event-loop delay of the gateway',
    lines: [
      { column: 'delay50', label: 'median', colour: 1 },
      { column: 'delay99', label: 'p99', colour: 2 },
      { column: 'delayMax', label: 'longest', colour: 4 }
    ],
    format: formatSeconds,
    least: 0.005
  },
  {
    title: 'Memory of the gateway’s process',
    lines: [
      { column: 'rss', label: 'resident', colour: 1 },
      { column: 'heapUsed', label: 'heap', colour: 3 },
      { column: 'external', label: 'buffers', colour: 2 }
    ],
    format: formatBytes,
    isBytes: true,
    least: 64 * 1024 ** 2
  }
]

/** @type {readonly [label: string, value: (overview: Overview, sample: Sample) => string][]} */
const tiles = [
  ['Sessions', ({ gauges }) => formatCount(gauges['sessions'])],
  ['Requests', (_, { requests }) => formatRate(requests)],
  ['Workers up', ({ workers }) => countUp(workers)],
  ['Requests that wait', ({ gauges }) => formatCount(gauges['requestsWaiting'])],
  ['CPU', (_, { cpu }) => (cpu === null ? '–' : formatShare(cpu))],
  ['Errors', (_, { errors }) => formatRate(errors)]
]

/** @returns {View} */
export function openOverview() {
  const diagnosis = create('div', { className: 'diagnosis' })
  diagnosis.role = 'status'
  const values = tiles.map(() => create('dd', {}, '–'))
  const row = create(
    'dl',
    { className: 'tiles' },
    ...tiles.map(([label], index) =>
      create('div', {}, create('dt', {}, label), /** @type {HTMLElement} */ (values[index]))
    )
  )
  const range = choice(
    [
      ['60', 'last minute'],
      ['300', 'last 5 minutes'],
      ['900', 'last 15 minutes']
    ],
    '300'
  )
  const grid = create('div', { className: 'charts' })
  const figures = create('tbody')
  const element = create(
    'div',
    { className: 'view' },
    create('h2', { className: 'unseen' }, 'Overview'),
    diagnosis,
    row,
    create('div', { className: 'bar end' }, field('Charts of the', range)),
    grid,
    createFigures(figures)
  )
  /** @type {Chart[]} */
  let drawn = []
  /** @type {History | undefined} */
  let seen
  let isClosed = false

  function draw() {
    if (seen === undefined) return
    const seconds = Number(range.value)
    for (const chart of drawn) chart.draw(seen, seconds)
    fillFigures(figures, seen, seconds)
  }

  async function createCharts() {
    const UPlot = await loadCharts()
    if (isClosed) return
    for (const chart of drawn) chart.close()
    drawn = charts.map(init => new Chart(UPlot, init))
    grid.replaceChildren(...drawn.map(chart => chart.element))
    draw()
  }

  range.addEventListener('change', draw)
  createCharts().catch(error => {
    grid.replaceChildren(create('p', { className: 'error' }, `The charts can't be shown: ${error.message}`))
  })
  return {
    title: 'Overview',
    element,
    recolour: () => void createCharts(),
    pulse(history) {
      const { last, newest } = history
      if (last === undefined || newest === undefined) return
      seen = history
      showDiagnosis(diagnosis, last.diagnosis)
      for (const [index, [, value]] of tiles.entries())
        setText(/** @type {HTMLElement} */ (values[index]), value(last, newest))
      draw()
    },
    close() {
      isClosed = true
      for (const chart of drawn) chart.close()
    }
  }
}

/**
 * Shows what is wrong. It is drawn anew only if it has changed: a screen reader says what is drawn.
 *
 * @param {HTMLElement} element
 * @param {readonly Diagnosis[]} problems
 */
function showDiagnosis(element, problems) {
  const key = JSON.stringify(problems)
  if (element.dataset['key'] === key) return
  element.dataset['key'] = key
  if (problems.length === 0) {
    element.replaceChildren(
      create('div', { className: 'problem well' }, icon('check'), create('p', {}, 'All is well.'))
    )
    return
  }
  element.replaceChildren(
    ...problems.map(({ severity, what, todo }) =>
      create(
        'div',
        { className: `problem ${severity}` },
        icon(severity === 'error' ? 'error' : 'alert'),
        create('p', {}, create('strong', {}, ...markCode(what)), ' ', create('span', {}, ...markCode(todo)))
      )
    )
  )
}

/** @param {HTMLElement} body */
function createFigures(body) {
  const heads = ['', 'now', 'lowest', 'highest'].map((text, index) =>
    create('th', { scope: 'col', className: index === 0 ? '' : 'number' }, text)
  )
  return create(
    'details',
    { className: 'card' },
    create('summary', {}, 'The figures of the charts, as a table'),
    create('table', { className: 'plain' }, create('thead', {}, create('tr', {}, ...heads)), body)
  )
}

/** @param {HTMLElement} body @param {History} history @param {number} seconds */
function fillFigures(body, history, seconds) {
  if (!body.closest('details')?.open) return
  const rows = charts.flatMap(({ title, lines, format }) =>
    lines.map(({ column, label }) => {
      const [, values = []] = history.slice([/** @type {Column} */ (column)], seconds)
      const known = values.filter(value => value !== null)
      const shown = [values.at(-1) ?? null, least(known, Math.min), least(known, Math.max)]
      return create(
        'tr',
        {},
        create('th', { scope: 'row' }, `${title}: ${label}`),
        ...shown.map(value => create('td', { className: 'number' }, format(value)))
      )
    })
  )
  body.replaceChildren(...rows)
}

/** @param {number[]} values @param {(...values: number[]) => number} choose */
function least(values, choose) {
  return values.length === 0 ? null : choose(...values)
}
