/** The cluster: its gateways with their load, the links from this one to the others, claims and moves. */
import { read } from '../parts/api.js'
import { card, create, setText } from '../parts/dom.js'
import { Facts } from '../parts/facts.js'
import { countOf, formatBytes, formatCount, formatSeconds, none } from '../parts/format.js'
import { poll } from '../parts/poll.js'
import { Table } from '../parts/table.js'

/** @import { ClusterAnswer, ClusterDetail, LinkRow, MemberRow, Overview } from '../../api/console-api.js' */
/** @import { View } from '../console.js' */

/** What the states of a gateway are called, and how they are shown. @type {Record<string, [string, string]>} */
const states = {
  up: ['up', 'well'],
  draining: ['drains', 'warn'],
  degraded: ['degraded', 'error']
}

/** Milliseconds of silence from which on a gateway is shown as silent; it is heard twice a second. */
const silence = 2_000

/** @returns {View} */
export function openCluster() {
  const summary = create('p', { className: 'hint', role: 'status' })
  const error = create('p', { className: 'error', role: 'alert' })
  const members = createMembers()
  const links = createLinks()
  const claims = new Facts(describeClaims)
  const moves = new Facts(describeMoves)
  const content = create(
    'div',
    { className: 'view', hidden: true },
    card('Gateways', members.element),
    card('Links from this gateway', links.element),
    create(
      'div',
      { className: 'pair' },
      card('Claims of users', claims.element),
      card('Moves', moves.element)
    )
  )

  const reading = poll({
    every: 2_000,
    read: () => read('cluster'),
    got(/** @type {ClusterAnswer} */ { cluster }) {
      error.textContent = ''
      content.hidden = cluster === null
      setText(summary, cluster === null ? 'This gateway is alone: it has no option nats.' : describe(cluster))
      if (cluster === null) return
      members.update(cluster.members)
      links.update(cluster.links)
    },
    failed: failure => setText(error, failure.message)
  })

  const element = create(
    'div',
    { className: 'view' },
    create('div', { className: 'bar' }, create('h2', {}, 'Cluster'), summary),
    error,
    content
  )
  return {
    title: 'Cluster',
    element,
    close: reading.stop,
    pulse({ last }) {
      if (last === undefined) return
      claims.update(last)
      moves.update(last)
    }
  }
}

/** @param {ClusterDetail} cluster */
function describe({ name, state, members }) {
  const sessions = members.reduce((sum, each) => sum + each.sessions, 0)
  const all = `${countOf(members.length, 'gateway')} in “${name}”, with ${countOf(sessions, 'session')}.`
  return state === 'degraded' ? `${all} This gateway has lost the message bus.` : all
}

/** @returns {Table<MemberRow>} */
function createMembers() {
  return new Table({
    label: 'Gateways',
    keyOf: row => row.start,
    empty: 'None.',
    columns: [
      {
        title: 'Gateway',
        className: 'text',
        text: ({ frontendId, own }) => (own ? `${frontendId} (this one)` : frontendId),
        sortBy: ({ frontendId }) => frontendId
      },
      {
        title: 'State',
        fill(cell, { state, silentFor }) {
          const isSilent = silentFor >= silence
          const [text, kind] = isSilent
            ? [`silent for ${formatSeconds(silentFor / 1_000)}`, 'warn']
            : (states[state] ?? [state, 'warn'])
          cell.className = `state ${kind}`
          setText(cell, text)
        }
      },
      number('Connections', ({ connections }) => connections),
      number('Sessions', ({ sessions }) => sessions),
      time('Queue', ({ queueDelay }) => queueDelay),
      time('Event loop', ({ eventLoopDelay }) => eventLoopDelay),
      bytes('Heap', ({ heapUsed }) => heapUsed),
      { title: 'Version', className: 'text', text: ({ version }) => version },
      number('Start', ({ start }) => start)
    ]
  })
}

/** @returns {Table<LinkRow>} */
function createLinks() {
  return new Table({
    label: 'Links from this gateway',
    keyOf: row => row.start,
    empty: 'None: there is no other gateway.',
    columns: [
      {
        title: 'To',
        className: 'text',
        text: ({ frontendId }) => frontendId,
        sortBy: ({ frontendId }) => frontendId
      },
      {
        title: 'State',
        fill(cell, { open, room }) {
          cell.className = `state ${!open ? 'warn' : room ? 'well' : 'error'}`
          setText(cell, !open ? 'closed' : room ? 'open' : 'full')
        }
      },
      time('Lag', ({ lag }) => lag),
      bytes('Waits', ({ queueBytes }) => queueBytes),
      bytes('Under way', ({ unackedBytes }) => unackedBytes),
      number('Batches', ({ batches }) => batches),
      bytes('Sent', ({ bytes }) => bytes),
      number('Sent again', ({ resent }) => resent),
      number('Gaps', ({ gaps }) => gaps)
    ]
  })
}

/**
 * @template Row
 * @param {string} title
 * @param {(row: Row) => number} read
 */
function number(title, read) {
  return {
    title,
    className: 'number',
    text: (/** @type {Row} */ row) => formatCount(read(row)),
    sortBy: read
  }
}

/**
 * @template Row
 * @param {string} title
 * @param {(row: Row) => number} read bytes
 */
function bytes(title, read) {
  return {
    title,
    className: 'number',
    text: (/** @type {Row} */ row) => formatBytes(read(row)),
    sortBy: read
  }
}

/**
 * @template Row
 * @param {string} title
 * @param {(row: Row) => number} read milliseconds
 */
function time(title, read) {
  const text = (/** @type {Row} */ row) => formatSeconds(read(row) / 1_000)
  return { title, className: 'number', text, sortBy: read }
}

/** @param {Overview} overview @returns {Record<string, string>} */
function describeClaims({ counters, gauges }) {
  const { claimsWon, claimsLost, claimsAsked, leasesLost } = counters
  return {
    Held: formatCount(gauges['claimsHeld']),
    'Lease left': gauges['leaseLeft'] === undefined ? none : formatSeconds(gauges['leaseLeft'] / 1_000),
    Won: formatCount(claimsWon),
    Lost: formatCount(claimsLost),
    'Asked of others': formatCount(claimsAsked),
    'Leases lost': formatCount(leasesLost)
  }
}

/** @param {Overview} overview @returns {Record<string, string>} */
function describeMoves({ counters, gauges }) {
  const { sessionsMovedIn, sessionsMovedOut, movesUnordered } = counters
  const { sessionsParked, sessionsRestored, handoversFailed } = counters
  return {
    'Under way': formatCount(gauges['sessionsInTransit']),
    'Came here': formatCount(sessionsMovedIn),
    'Went to others': formatCount(sessionsMovedOut),
    'Order given up': formatCount(movesUnordered),
    Stored: formatCount(sessionsParked),
    'From the store': formatCount(sessionsRestored),
    Failed: formatCount(handoversFailed)
  }
}
