/** The sessions: found by user, number or address, a page at a time. */
import { isInCluster, read } from '../parts/api.js'
import { button, choice, create, field, setDisabled, setText } from '../parts/dom.js'
import { countOf, formatAgo, formatBytes, formatCount, formatName, none } from '../parts/format.js'
import { poll } from '../parts/poll.js'
import { Table } from '../parts/table.js'

/** @import { SessionRow, SessionsPage } from '../../api/console-api.js' */
/** @import { TableColumn } from '../parts/table.js' */
/** @import { View } from '../console.js' */

const perPage = 50
/** Milliseconds after the last key until the search begins. */
const searchAfter = 250

/** What was looked for, so that the way back from a session leads to it. */
let lastSearch = { query: '', by: 'any', on: 'all' }

/** @returns {View} */
export function openSessions() {
  const query = create('input', {
    type: 'search',
    value: lastSearch.query,
    placeholder: 'ann, 1042, 203.0.113',
    autocomplete: 'off',
    spellcheck: false,
    maxLength: 200
  })
  const by = choice(
    [
      ['any', 'anything'],
      ['uid', 'user'],
      ['sid', 'session number'],
      ['address', 'IP address']
    ],
    lastSearch.by
  )
  const on = choice(
    [
      ['all', 'all gateways'],
      ['own', 'this gateway']
    ],
    lastSearch.on
  )
  const summary = create('p', { className: 'hint', role: 'status' })
  const error = create('p', { className: 'error', role: 'alert' })
  const table = createTable()
  const back = button('First page', () => go([]), { className: 'quiet' })
  const next = button('Next page', () => go([...path, /** @type {number} */ (page?.next)]), {
    className: 'quiet'
  })
  const pages = create('div', { className: 'buttons' }, back, next)
  const form = create('form', { className: 'search' }, field('Search', query), field('In', by))
  if (isInCluster()) form.append(field('On', on))
  form.role = 'search'

  /** Values of `after` that lead to this page; empty on the first one. @type {number[]} */
  let path = []
  /** @type {SessionsPage | undefined} */
  let page
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let wait

  const reading = poll({
    every: 3_000,
    read: () =>
      read('sessions', {
        query: query.value.trim(),
        by: by.value,
        after: path.at(-1),
        limit: perPage,
        gateways: isInCluster() ? on.value : undefined
      }),
    got(/** @type {SessionsPage} */ answer) {
      page = answer
      setText(error, describeSilent(answer.silent))
      table.update(answer.sessions)
      setText(summary, describe(answer))
      pages.hidden = path.length === 0 && answer.next === null
      setDisabled(back, path.length === 0)
      setDisabled(next, answer.next === null)
    },
    failed: failure => setText(error, failure.message)
  })

  /** @param {SessionsPage} answer */
  function describe({ total, sessions, next }) {
    const all = countOf(total, 'session')
    if (query.value.trim() === '')
      return path.length === 0 && next === null ? `${all}.` : `${all}, oldest first.`
    return `${sessions.length}${next === null ? '' : ' or more'} found, of ${all}.`
  }

  /** @param {number[]} to */
  function go(to) {
    path = to
    lastSearch = { query: query.value, by: by.value, on: on.value }
    reading.again()
  }

  query.addEventListener('input', () => {
    clearTimeout(wait)
    wait = setTimeout(() => go([]), searchAfter)
  })
  by.addEventListener('change', () => go([]))
  on.addEventListener('change', () => go([]))
  form.addEventListener('submit', event => {
    event.preventDefault()
    clearTimeout(wait)
    go([])
  })

  const element = create(
    'div',
    { className: 'view' },
    create('div', { className: 'bar' }, create('h2', {}, 'Sessions'), summary),
    form,
    error,
    table.element,
    pages
  )
  return {
    title: 'Sessions',
    element,
    close() {
      clearTimeout(wait)
      reading.stop()
    }
  }
}

/** @param {readonly string[]} silent */
function describeSilent(silent) {
  return silent.length === 0 ? '' : `No answer from ${silent.join(', ')}: the sessions there are missing.`
}

/** @returns {Table<SessionRow>} */
function createTable() {
  /** @type {TableColumn<SessionRow>[]} */
  const gateway = isInCluster()
    ? [{ title: 'Gateway', className: 'text', text: ({ frontendId }) => frontendId }]
    : []
  return new Table({
    label: 'Sessions',
    keyOf: row => row.sid,
    empty: 'No session is found.',
    columns: [
      {
        title: 'Session',
        fill(cell, { sid }, isNew) {
          if (isNew) cell.append(create('a', { href: `#/sessions/${sid}` }, String(sid)))
        }
      },
      ...gateway,
      { title: 'User', className: 'text', text: ({ uid }) => (uid === null ? none : formatName(uid)) },
      { title: 'Address', className: 'text', text: ({ address }) => address.ip },
      {
        title: 'Client',
        fill(cell, { connected }) {
          cell.className = connected ? 'state well' : 'state warn'
          setText(cell, connected ? 'connected' : 'away')
        }
      },
      { title: 'Since', className: 'number', text: ({ since }) => formatAgo(since, Date.now()) },
      { title: 'In flight', className: 'number', text: ({ requests }) => formatCount(requests) },
      { title: 'Send buffer', className: 'number', text: ({ sendBytes }) => formatBytes(sendBytes) },
      { title: 'Backlog', className: 'number', text: ({ backlogBytes }) => formatBytes(backlogBytes) }
    ]
  })
}
