/** One route: its figures, its errors by code, its options, and its schemas. */
import { read } from '../parts/api.js'
import { card, create, setText } from '../parts/dom.js'
import { Facts } from '../parts/facts.js'
import { formatCount, formatRate, formatSeconds, formatValue } from '../parts/format.js'
import { poll } from '../parts/poll.js'
import { RouteHistory } from '../parts/route-figures.js'
import { Table } from '../parts/table.js'
import { describeSpan, showSuspension } from './routes.js'

/** @import { RouteRow, RouteSchema, RoutesAnswer } from '../../api/console-api.js' */
/** @import { RouteFigures } from '../parts/route-figures.js' */
/** @import { View } from '../console.js' */

/** @param {string} name @returns {View} */
export function openRoute(name) {
  const summary = create('p', { className: 'hint' })
  const error = create('p', { className: 'error', role: 'alert' })
  const state = create('div', { className: 'buttons' })
  const facts = new Facts(describe)
  const errors = createErrors()
  const options = create('dl', { className: 'facts' })
  const schemas = create('div', { className: 'schemas' })
  const history = new RouteHistory()

  const reading = poll({
    every: 2_000,
    read: () => read('routes'),
    got(/** @type {RoutesAnswer} */ answer) {
      const figures = history.add(answer).find(({ row }) => row.route === name)
      setText(error, figures === undefined ? `No handler offers the route ${name}.` : '')
      if (figures === undefined) return
      const { row } = figures
      setText(summary, describeSpan(history))
      showSuspension(state, row, () => reading.again())
      facts.update(figures)
      errors.update(Object.entries(row.errors))
      drawOnce(options, row.options, () => listOptions(row))
      drawOnce(schemas, row.schema, () => listSchemas(row))
    },
    failed: failure => setText(error, failure.message)
  })

  const element = create(
    'div',
    { className: 'view' },
    create('p', { className: 'back' }, create('a', { href: '#/routes' }, '← Routes')),
    create('div', { className: 'bar' }, create('h2', {}, create('code', {}, name)), state),
    error,
    create(
      'section',
      { className: 'card', ariaLabel: 'Figures' },
      facts.element,
      create(
        'div',
        { className: 'bar' },
        summary,
        create('a', { href: `#/playground/${encodeURIComponent(name)}` }, 'Call it in the playground')
      )
    ),
    create('div', { className: 'pair' }, card('Errors so far', errors.element), card('Options', options)),
    card('Schemas', schemas)
  )
  return { title: name, element, close: reading.stop }
}

/** @param {RouteFigures} figures @returns {Record<string, string>} */
function describe({ row, rate, queue50, queue99, run50, run99 }) {
  return {
    File: row.file,
    Requests: `${formatRate(rate)}, ${formatCount(row.requests)} so far`,
    'Queue time': `median ${formatSeconds(queue50)}, p99 ${formatSeconds(queue99)}`,
    'Run time': `median ${formatSeconds(run50)}, p99 ${formatSeconds(run99)}`
  }
}

/** @returns {Table<[code: string, count: number]>} */
function createErrors() {
  return new Table({
    label: 'Errors so far',
    keyOf: ([code]) => code,
    empty: 'None.',
    columns: [
      { title: 'Code', className: 'code text', text: ([code]) => code, sortBy: ([code]) => code },
      {
        title: 'Count',
        className: 'number',
        text: ([, count]) => formatCount(count),
        sortBy: ([, count]) => count
      }
    ]
  })
}

/** @param {RouteRow} row */
function listOptions({ options }) {
  const entries = Object.entries(options)
  if (entries.length === 0) return [create('p', { className: 'faint' }, 'Those of the gateway.')]
  return entries.map(([option, value]) =>
    create('div', {}, create('dt', {}, create('code', {}, option)), create('dd', {}, String(value)))
  )
}

/** @param {RouteRow} row */
function listSchemas({ schema }) {
  if (schema === null) return [create('p', { className: 'faint' }, 'The handler declares none.')]
  return [describeSchema('Body', schema.body), describeSchema('Reply', schema.reply)]
}

/** @param {string} title @param {RouteSchema | null} schema */
function describeSchema(title, schema) {
  if (schema === null) return create('p', {}, `${title}: none`)
  if (schema.json === null)
    return create('p', {}, `${title}: declared; its library can’t show it as JSON Schema`)
  const text = create('pre', {}, formatValue(schema.json))
  text.tabIndex = 0
  return create('div', {}, create('h4', {}, title), text)
}

/**
 * Draws something that seldom changes, only when it has.
 *
 * @param {HTMLElement} element
 * @param {unknown} value
 * @param {() => Node[]} draw
 */
function drawOnce(element, value, draw) {
  const key = JSON.stringify(value)
  if (element.dataset['key'] === key) return
  element.dataset['key'] = key
  element.replaceChildren(...draw())
}
