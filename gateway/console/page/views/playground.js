/** The playground: a player who connects, calls routes, loses the connection, and reads slowly. */
import { read } from '../parts/api.js'
import { button, card, choice, create, field, setText } from '../parts/dom.js'
import { CallForm } from '../player/call-form.js'
import { Player } from '../player/player.js'
import { Transcript } from '../player/transcript.js'

/** @import { AddressAnswer, RoutesAnswer } from '../../api/console-api.js' */
/** @import { View } from '../console.js' */

/** What each state of the player is called. */
const states = {
  none: 'Not connected',
  connecting: 'Connecting …',
  open: 'Connected',
  resuming: 'Connection lost, coming back …'
}

/** @param {string} route @returns {View} */
export function openPlayground(route) {
  const transcript = new Transcript()
  const player = new Player({
    told: (text, isBad) => transcript.addState(text, isBad),
    event: (event, body) => transcript.addEvent(event, body),
    changed: show
  })
  const calls = new CallForm({ request, notify })
  const status = create('p', { className: 'state', role: 'status' })
  const connect = create('button', { type: 'submit' }, 'Connect')
  const cut = button('Cut', () => (player.isCut ? player.resume() : player.cut()), { className: 'quiet' })
  const address = create('input', { spellcheck: false, autocomplete: 'off', inputMode: 'url' })
  const query = create('input', { spellcheck: false, autocomplete: 'off', placeholder: 'token=…' })
  const user = create('textarea', { rows: 2, spellcheck: false, placeholder: '{"token":"…"}' })
  const problem = create('p', { className: 'error', role: 'alert' })
  const speed = choice([
    ['0', 'as fast as it can'],
    ['200', 'slowly: 5 messages a second'],
    ['1000', 'very slowly: 1 a second']
  ])

  const connection = create(
    'form',
    { className: 'card', noValidate: true },
    create('div', { className: 'bar' }, create('h3', {}, 'Connection'), status),
    field('Address', address),
    create(
      'details',
      {},
      create('summary', {}, 'Data for the game’s hooks'),
      field('Handshake data, as JSON', user),
      field('Query of the address', query)
    ),
    problem,
    field('The client reads', speed),
    create('div', { className: 'buttons' }, connect, cut)
  )
  connection.ariaLabel = 'Connection'

  connection.addEventListener('submit', event => {
    event.preventDefault()
    if (player.state === 'none') open()
    else player.close()
  })
  speed.addEventListener('change', () => {
    player.pause = Number(speed.value)
  })

  function open() {
    problem.textContent = ''
    try {
      const url = new URL(address.value.trim())
      if (query.value.trim() !== '') url.search = query.value.trim()
      player.connect(url.href, readUser())
    } catch (error) {
      problem.textContent = /** @type {Error} */ (error).message
    }
  }

  function readUser() {
    const text = user.value.trim()
    if (text === '') return undefined
    try {
      return JSON.parse(text)
    } catch (error) {
      throw new Error(`The handshake data is not JSON: ${/** @type {Error} */ (error).message}`)
    }
  }

  function show() {
    const { state, isCut } = player
    setText(status, isCut ? 'Cut' : states[state])
    status.className = `state ${state === 'open' ? 'well' : state === 'none' ? '' : 'warn'}`
    setText(connect, state === 'none' || state === 'connecting' ? 'Connect' : 'Disconnect')
    connect.disabled = state === 'connecting'
    setText(cut, isCut ? 'Resume' : 'Cut')
    cut.disabled = state === 'none' || state === 'connecting'
    calls.allow(state === 'open' || state === 'resuming')
  }

  /** @param {string} name @param {unknown} body @param {string} text */
  async function request(name, body, text) {
    const entry = transcript.addMessage('request', name, text)
    try {
      entry.reply(await player.request(name, body))
    } catch (error) {
      entry.fail(/** @type {Error} */ (error))
    }
  }

  /** @param {string} name @param {unknown} body @param {string} text */
  function notify(name, body, text) {
    const entry = transcript.addMessage('notify', name, text)
    try {
      player.notify(name, body)
    } catch (error) {
      entry.fail(/** @type {Error} */ (error))
    }
  }

  async function readFacts() {
    try {
      const [{ url }, { routes }] = await Promise.all([
        /** @type {Promise<AddressAnswer>} */ (read('address')),
        /** @type {Promise<RoutesAnswer>} */ (read('routes'))
      ])
      if (address.value === '') address.value = url
      calls.offer(routes)
    } catch (error) {
      problem.textContent = /** @type {Error} */ (error).message
    }
  }

  const events = create('input', { type: 'checkbox', checked: true })
  events.addEventListener('change', () => {
    transcript.showsEvents = events.checked
  })
  const talk = card(
    'Replies and events',
    create(
      'div',
      { className: 'bar' },
      create('label', { className: 'check' }, events, 'Show events'),
      button('Clear', () => transcript.clear(), { className: 'quiet small' })
    ),
    transcript.element
  )
  talk.classList.add('talk')
  const element = create(
    'div',
    { className: 'view' },
    create('h2', {}, 'Playground'),
    create(
      'div',
      { className: 'playground' },
      create('div', { className: 'column' }, connection, calls.element),
      talk
    )
  )
  show()
  const revisit = (/** @type {string} */ name) => {
    if (name !== '') calls.choose(name)
    readFacts()
  }
  revisit(route)
  return { title: 'Playground', element, revisit }
}
