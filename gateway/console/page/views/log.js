/** The log: its last lines, filtered by the gateway, the newest on top; and the changes made by the console. */
import { read } from '../parts/api.js'
import { button, choice, create, field, setText } from '../parts/dom.js'
import { countOf, formatMoment } from '../parts/format.js'
import { poll } from '../parts/poll.js'
import { Table } from '../parts/table.js'

/** @import { AuditAnswer, AuditEntry, LogPage, LogRow } from '../../api/console-api.js' */
/** @import { View } from '../console.js' */

/** Lines that stay on the page; the oldest are removed. */
const mostLines = 500
/** Milliseconds after the last key until the search begins. */
const searchAfter = 250

/** @param {string} part @returns {View} */
export function openLog(part) {
  const isLines = part !== 'changes'
  const link = (/** @type {string} */ text, /** @type {string} */ to, /** @type {boolean} */ isHere) =>
    create('a', { href: to, ariaCurrent: isHere ? 'page' : null }, text)
  const tabs = create(
    'nav',
    { className: 'tabs', ariaLabel: 'Parts of the log' },
    link('Lines', '#/log', isLines),
    link('Changes by the console', '#/log/changes', !isLines)
  )
  const { element, stop } = isLines ? openLines() : openChanges()
  return {
    title: 'Log',
    element: create(
      'div',
      { className: 'view' },
      create('div', { className: 'bar' }, create('h2', {}, 'Log'), tabs),
      ...element
    ),
    close: stop
  }
}

function openLines() {
  const level = choice(
    [
      ['trace', 'all'],
      ['debug', 'debug and above'],
      ['info', 'info and above'],
      ['warn', 'warnings and errors'],
      ['error', 'errors']
    ],
    'info'
  )
  const text = create('input', { type: 'search', autocomplete: 'off', spellcheck: false, maxLength: 200 })
  const pause = button('Pause', () => (isPaused ? goOn() : hold()), { className: 'quiet' })
  const error = create('p', { className: 'error', role: 'alert' })
  const note = create('p', { className: 'hint', role: 'status' })
  const list = create('ol', {
    className: 'log',
    tabIndex: 0,
    ariaLabel: 'Lines of the log, the newest first'
  })
  /** Number of the newest line that was read. @type {number | undefined} */
  let last
  /** The start of the gateway whose lines were read. @type {string | undefined} */
  let start
  let isPaused = false
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let wait
  let reading = follow()

  function follow() {
    return poll({
      every: 1_500,
      read: () => read('log', { after: last, level: level.value, text: text.value.trim() }),
      got(/** @type {LogPage} */ page) {
        error.textContent = ''
        if (last !== undefined && page.start !== start) {
          // The numbers have begun anew: these lines are not those that follow.
          last = 0
          start = page.start
          list.prepend(createGap('The gateway was started anew.'))
          return
        }
        last = page.last
        start = page.start
        if (page.missed > 0 && list.hasChildNodes())
          list.prepend(createGap(`${countOf(page.missed, 'line')} not read in time.`))
        list.prepend(...page.lines.toReversed().map(createLine))
        while (list.children.length > mostLines) list.lastElementChild?.remove()
        setText(note, list.hasChildNodes() ? '' : 'No line yet.')
      },
      failed: failure => setText(error, failure.message)
    })
  }

  function startAnew() {
    reading.stop()
    last = undefined
    list.replaceChildren()
    if (!isPaused) reading = follow()
  }

  function hold() {
    isPaused = true
    reading.stop()
    pause.textContent = 'Go on'
    setText(note, 'Paused: new lines wait in the gateway.')
  }

  function goOn() {
    isPaused = false
    pause.textContent = 'Pause'
    setText(note, '')
    reading = follow()
  }

  function searchAnew() {
    if (isPaused) goOn()
    startAnew()
  }

  level.addEventListener('change', searchAnew)
  text.addEventListener('input', () => {
    clearTimeout(wait)
    wait = setTimeout(searchAnew, searchAfter)
  })
  const form = create('form', { className: 'search' }, field('Text', text), field('Level', level), pause)
  form.role = 'search'
  form.addEventListener('submit', event => {
    event.preventDefault()
    searchAnew()
  })
  return {
    element: [form, error, note, list],
    stop() {
      clearTimeout(wait)
      reading.stop()
    }
  }
}

/** @param {string} text */
function createGap(text) {
  return create('li', { className: 'gap' }, text)
}

/** @param {LogRow} row */
function createLine({ at, level, message, fields }) {
  const parts = Object.entries(fields).flatMap(([name, value]) => [
    ' ',
    create('span', {}, create('b', {}, `${name}=`), value === '' ? '""' : value)
  ])
  return create(
    'li',
    { className: level },
    create('time', { dateTime: new Date(at).toISOString() }, formatMoment(at)),
    ' ',
    create('span', { className: 'level' }, level),
    ' ',
    create('span', { className: 'message' }, create('strong', {}, message), ...parts)
  )
}

function openChanges() {
  const error = create('p', { className: 'error', role: 'alert' })
  const table = createChanges()
  const reading = poll({
    every: 3_000,
    read: () => read('audit'),
    got(/** @type {AuditAnswer} */ { entries }) {
      error.textContent = ''
      table.update(entries)
    },
    failed: failure => setText(error, failure.message)
  })
  const hint = create(
    'p',
    { className: 'hint' },
    'Who has changed what by the console since the gateway’s start. Each is also a line of the log.'
  )
  return { element: [hint, error, table.element], stop: reading.stop }
}

/** @returns {Table<AuditEntry>} */
function createChanges() {
  return new Table({
    label: 'Changes by the console',
    keyOf: ({ at, by, action, to }) => [at, by, action, to].join(' '),
    empty: 'Nobody has changed anything.',
    columns: [
      { title: 'At', className: 'nowrap', text: ({ at }) => formatMoment(at) },
      { title: 'Action', className: 'code', text: ({ action }) => action },
      { title: 'To', className: 'text', text: ({ to }) => to },
      { title: 'Result', text: ({ result }) => result },
      { title: 'By', className: 'text', text: ({ by }) => by }
    ]
  })
}
