/** One session: its state, its settings, and what it waits for; it can be kicked and unbound. */
import { CallError, change, isReadOnly, read } from '../parts/api.js'
import { ask, attempt } from '../parts/dialog.js'
import { button, card, create, setDisabled, setText } from '../parts/dom.js'
import { Facts } from '../parts/facts.js'
import {
  countOf,
  formatAgo,
  formatBytes,
  formatCount,
  formatMoment,
  formatName,
  none
} from '../parts/format.js'
import { poll } from '../parts/poll.js'
import { Table } from '../parts/table.js'

/** @import { RequestRow, SessionDetail, SettingRow } from '../../api/console-api.js' */
/** @import { View } from '../console.js' */

/** @param {string} sid @returns {View} */
export function openSession(sid) {
  const path = `sessions/${encodeURIComponent(sid)}`
  const error = create('p', { className: 'error', role: 'alert' })
  const user = create('span', { className: 'faint' })
  const facts = new Facts(describe)
  const settings = createSettings()
  const requests = createRequests()
  const channels = create('p', { className: 'chips' }, none)
  const more = create('p', { className: 'hint' })
  const kick = button('Kick …', askToKick, { className: 'danger', disabled: true })
  const unbind = button('Unbind …', askToUnbind, { className: 'quiet', disabled: true })
  /** @type {SessionDetail | undefined} */
  let shown

  const reading = poll({
    every: 2_000,
    read: () => read(path),
    got(/** @type {SessionDetail} */ session) {
      shown = session
      error.textContent = ''
      setText(user, session.uid === null ? 'no user' : formatName(session.uid))
      facts.update(session)
      settings.update(session.settings)
      requests.update(session.inFlight)
      showChannels(channels, session)
      setText(more, describeRest(session))
      kick.disabled = isReadOnly()
      setDisabled(unbind, isReadOnly() || session.uid === null)
    },
    failed(failure) {
      const isGone = failure instanceof CallError && failure.status === 404
      const last = shown === undefined ? '' : ' Below is how it was last.'
      setText(error, isGone ? `The session ${sid} has ended.${last}` : failure.message)
      if (!isGone) return
      setDisabled(kick, true)
      setDisabled(unbind, true)
      reading.stop()
    }
  })

  async function askToKick() {
    const reason = await ask({
      title: `Kick session ${sid}?`,
      text: `The session${name()} ends, and its client does not come back by itself. Its running requests finish.`,
      confirm: 'Kick',
      field: { label: 'Reason', maxLength: 120, hint: 'The player’s client is told it. May be left empty.' }
    })
    if (reason === undefined) return
    await attempt(`Session ${sid} was kicked.`, () => change(`${path}/kick`, { reason: reason || null }))
    reading.again()
  }

  async function askToUnbind() {
    const answer = await ask({
      title: `Unbind session ${sid}?`,
      text: `The session goes on, without its user${name()}. What is sent to the user no longer reaches it.`,
      confirm: 'Unbind'
    })
    if (answer === undefined) return
    await attempt(`Session ${sid} is bound to no user.`, () => change(`${path}/unbind`))
    reading.again()
  }

  function name() {
    return shown?.uid ? ` (${formatName(shown.uid)})` : ''
  }

  const element = create(
    'div',
    { className: 'view' },
    create('p', { className: 'back' }, create('a', { href: '#/sessions' }, '← Sessions')),
    create(
      'div',
      { className: 'bar' },
      create('h2', {}, `Session ${sid} `, user),
      create('div', { className: 'buttons' }, unbind, kick)
    ),
    error,
    create('section', { className: 'card', ariaLabel: 'State' }, facts.element),
    card('Settings', more, settings.element),
    create(
      'div',
      { className: 'pair' },
      card('Requests in flight', requests.element),
      card('Channels', channels)
    )
  )
  return { title: `Session ${sid}`, element, close: reading.stop }
}

/** @param {SessionDetail} session @returns {Record<string, string>} */
function describe(session) {
  const { at, since, address, frontendId, protocol, sendBuffer, backlog, roundTrip, version, connected } =
    session
  return {
    Client: connected ? 'connected' : 'away; the session waits for it',
    Address: `${address.ip}, port ${address.port}`,
    Gateway: frontendId,
    Protocol: protocol,
    Since: `${formatMoment(since)}, for ${formatAgo(since, at)}`,
    'Round trip': roundTrip === null ? none : `${formatCount(roundTrip)} ms`,
    'Send buffer':
      sendBuffer === null ? none : `${formatBytes(sendBuffer.bytes)} of ${formatBytes(sendBuffer.limit)}`,
    Backlog:
      backlog === null
        ? 'none: the client does not resume'
        : `${formatBytes(backlog.bytes)} of ${formatBytes(backlog.limit)}, ${countOf(backlog.messages, 'message')}`,
    Version: formatCount(version)
  }
}

/** @param {SessionDetail} session */
function describeRest({ settings, settingsTotal, channels, channelsTotal }) {
  const parts = []
  if (settingsTotal > settings.length)
    parts.push(`${settingsTotal - settings.length} more keys are not shown.`)
  if (channelsTotal > channels.length)
    parts.push(`${channelsTotal - channels.length} more channels are not shown.`)
  return parts.join(' ')
}

/** @param {HTMLElement} element @param {SessionDetail} session */
function showChannels(element, { channels }) {
  const key = JSON.stringify(channels)
  if (element.dataset['key'] === key) return
  element.dataset['key'] = key
  if (channels.length === 0) element.replaceChildren('In no channel.')
  else element.replaceChildren(...channels.map(channel => create('code', {}, channel)))
}

/** @returns {Table<SettingRow>} */
function createSettings() {
  return new Table({
    label: 'Settings',
    keyOf: row => row.key,
    empty: 'No settings.',
    columns: [
      { title: 'Key', className: 'code text', text: ({ key }) => key, sortBy: ({ key }) => key },
      { title: 'Value', className: 'code text wide', text: ({ value }) => value },
      {
        title: 'Version',
        className: 'number',
        text: ({ version }) => formatCount(version),
        sortBy: ({ version }) => version
      },
      { title: 'Pushed last by', className: 'code text', text: ({ by }) => by ?? 'the host' },
      { title: 'At', className: 'number', text: ({ at }) => formatMoment(at), sortBy: ({ at }) => at }
    ]
  })
}

/** What the states of a request are called. */
const states = { waiting: 'waits', handedOut: 'handed out', running: 'runs' }

/** @returns {Table<RequestRow>} */
function createRequests() {
  return new Table({
    label: 'Requests in flight',
    keyOf: row => row.rid,
    empty: 'None.',
    columns: [
      { title: 'Route', className: 'code text', text: ({ route }) => route },
      { title: 'State', text: ({ state }) => states[state] },
      {
        title: 'Worker',
        className: 'number',
        text: ({ worker }) => (worker === null ? none : String(worker))
      },
      { title: 'Age', className: 'number', text: ({ age }) => (age === null ? none : formatMs(age)) },
      {
        title: 'Time left',
        className: 'number',
        text: ({ timeLeft }) => (timeLeft === null ? none : formatMs(timeLeft))
      }
    ]
  })
}

/** @param {number} ms */
function formatMs(ms) {
  return ms < 1_000 ? `${formatCount(Math.round(ms))} ms` : `${formatCount(ms / 1_000)} s`
}
