/**
 * The start page: calls routes, and shows what the gateway answers and sends. No build, no framework. What
 * comes from the gateway is inserted as text, never as HTML. All addresses are relative, for proxies that
 * serve the gateway below a path of their own.
 */
import { connect } from './sallyport/client/index.js'

/** Entries that the log keeps; the oldest are removed. */
const mostEntries = 200
/** Longest text of a body that is shown in one line. */
const longestLine = 80
/** Milliseconds until an attempt to connect has failed. */
const connectTimeout = 5_000

const find = id => document.getElementById(id)

// ── The gateway ────────────────────────────────────────────────────────────────────────────────────────────

/** Reads what the gateway says of itself: its name and version, and its routes, which a reload changes. */
async function readFacts() {
  const response = await fetch('./start-page.json')
  if (!response.ok) throw new Error(`The gateway has answered ${response.status}`)
  const facts = await response.json()
  const { name, version, routeCount, routes } = facts
  find('about').textContent =
    `${name} · version ${version} · ${routeCount} ${routeCount === 1 ? 'route' : 'routes'}`
  find('route').placeholder = routes[0] ?? 'module.function'
  find('routes').replaceChildren(...routes.map(route => create('option', { value: route })))
  return facts
}

find('route').addEventListener('focus', () => {
  readFacts().catch(() => {})
})

// ── The connection ─────────────────────────────────────────────────────────────────────────────────────────

/** The client, while it is open or comes back; undefined: none. */
let game

async function open() {
  const user = readJson('user', 'The handshake data')
  if (user === undefined) return
  const address = new URL('.', location.href)
  address.protocol = address.protocol.replace('http', 'ws')
  address.search = find('query').value.trim()
  find('connect').disabled = true
  showState('Connecting …')
  try {
    game = await connect(address, { user: user.value, connectTimeout })
    game.onEvent((event, body) => {
      if (find('events').checked) write('event', event, showValue(body))
    })
    game.onState(changed)
    showState('Connected')
  } catch (error) {
    showState('Not connected')
    writeError('connect', '', error)
  } finally {
    find('connect').disabled = false
    enableButtons()
  }
}

function changed({ state, resumed, reason }) {
  if (state === 'open') {
    showState(resumed ? 'Connected again, in the same session' : 'Connected again, in a new session')
    readFacts().catch(() => {})
  } else if (state === 'resuming') {
    showState(`The connection is lost${reason ? `: ${reason}` : ''}. Coming back …`)
  } else {
    showState(reason ? `Not connected: ${reason}` : 'Not connected')
    game = undefined
    enableButtons()
  }
}

function showState(text) {
  find('status').textContent = text
}

function enableButtons() {
  find('connect').textContent = game === undefined ? 'Connect' : 'Disconnect'
  for (const id of ['request', 'notify']) find(id).disabled = game === undefined
}

find('connection').addEventListener('submit', event => {
  event.preventDefault()
  if (game === undefined) open()
  else game.close()
})

// ── Calls ──────────────────────────────────────────────────────────────────────────────────────────────────

find('call').addEventListener('submit', event => {
  event.preventDefault()
  if (game === undefined) return
  const route = find('route').value.trim()
  showProblem('route', route === '' ? 'Name a route, such as module.function' : '')
  const body = readJson('body', 'The body')
  if (body === undefined || route === '') return
  if (event.submitter === find('notify')) notify(route, body)
  else request(route, body)
})

find('body').addEventListener('keydown', event => {
  // The Enter of an input method is no order. Safari shows it by the code alone.
  const isComposing = event.isComposing || event.keyCode === 229
  if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey) || isComposing) return
  event.preventDefault()
  find('call').requestSubmit(find('request'))
})

async function request(route, { value, text }) {
  const entry = write('request', route, text)
  const waiting = create('p', { className: 'hint' }, 'Waiting for the reply …')
  entry.append(waiting)
  const begin = performance.now()
  const answered = () => `${(performance.now() - begin).toFixed(1)} ms`
  try {
    const reply = await game.request(route, value)
    waiting.replaceWith(describe('reply', '', answered()), create('pre', {}, showValue(reply)))
  } catch (error) {
    entry.classList.add('failed')
    waiting.replaceWith(describe('error', error.code ?? '', answered()), create('pre', {}, showError(error)))
  }
}

function notify(route, { value, text }) {
  try {
    game.notify(route, value)
    write('notify', route, text)
  } catch (error) {
    writeError('notify', route, error)
  }
}

/** Returns the value of a field, and its text; undefined if it is not JSON, which is said below the field. */
function readJson(id, what) {
  const text = find(id).value.trim()
  try {
    const value = text === '' ? undefined : JSON.parse(text)
    showProblem(id, '')
    return { value, text }
  } catch (error) {
    showProblem(id, `${what} is not JSON: ${error.message}`)
    return undefined
  }
}

function showProblem(id, problem) {
  find(`${id}-error`).textContent = problem
  find(id).setAttribute('aria-invalid', String(problem !== ''))
  if (problem !== '') find(id).focus()
}

// ── The log ────────────────────────────────────────────────────────────────────────────────────────────────

find('clear').addEventListener('click', () => find('log').replaceChildren())

/** Writes an entry above all others. */
function write(kind, name, text) {
  const now = new Date()
  const time = create('time', { dateTime: now.toISOString() }, now.toLocaleTimeString([], { hour12: false }))
  const entry = create('li', {}, describe(kind, name, time))
  if (text !== '') entry.append(create('pre', {}, text))
  const log = find('log')
  log.prepend(entry)
  while (log.children.length > mostEntries) log.lastElementChild.remove()
  return entry
}

function writeError(kind, name, error) {
  const entry = write(kind, name, '')
  entry.classList.add('failed')
  entry.append(describe('error', error.code ?? '', ''), create('pre', {}, showError(error)))
}

/** Creates the first line of an entry, or of its answer: what it is, its name, and when or how fast. */
function describe(kind, name, note) {
  return create(
    'p',
    { className: 'head' },
    create('span', { className: 'kind' }, kind),
    ' ',
    create('code', {}, name),
    ' ',
    typeof note === 'string' ? create('span', { className: 'hint' }, note) : note
  )
}

function showError({ message, data }) {
  return data === undefined ? message : `${message}\n${showValue(data)}`
}

/** Returns a value as text: as JSON if that can hold it, in one line if it is short. */
function showValue(value) {
  if (value === undefined) return 'nothing'
  try {
    const line = JSON.stringify(value, showSpecial)
    return line.length <= longestLine ? line : JSON.stringify(value, showSpecial, 2)
  } catch (error) {
    return `a value that can't be shown: ${error.message}`
  }
}

/** Replaces the values of rich bodies that JSON does not hold. Called by JSON.stringify, with its `this`. */
function showSpecial(key, changed) {
  const value = this[key]
  if (value === undefined) return Array.isArray(this) ? 'undefined' : undefined
  if (typeof value === 'bigint') return `${value}n`
  if (typeof value === 'number') return Number.isFinite(value) && !Object.is(value, -0) ? value : `${value}`
  if (value instanceof Date) return `Date ${Number.isNaN(value.getTime()) ? 'invalid' : value.toISOString()}`
  if (value instanceof Map) return { Map: [...value] }
  if (value instanceof Set) return { Set: [...value] }
  if (value instanceof RegExp || value instanceof URL) return String(value)
  if (value instanceof Error) return { [value.name]: value.message }
  if (ArrayBuffer.isView(value)) return { [value.constructor.name]: [...value] }
  return changed
}

/** Creates an element with texts and elements in it. A text stays text: nothing in it is read as HTML. */
function create(name, properties, ...content) {
  const element = Object.assign(document.createElement(name), properties)
  element.append(...content)
  return element
}

// ── The start ──────────────────────────────────────────────────────────────────────────────────────────────

find('query').value = location.search.slice(1)
try {
  const { decidesWhoConnects } = await readFacts()
  if (decidesWhoConnects && location.search === '') {
    find('identity').open = true
    showState('Not connected: the game asks who you are')
    find('user').focus()
  } else {
    await open()
  }
} catch (error) {
  writeError('start', '', error)
}
