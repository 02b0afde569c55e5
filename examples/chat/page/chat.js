/**
 * The chat's page: Sallyport's client, and the drawing of what it receives. No build, no framework.
 * Everything from other people is inserted as text, never as HTML.
 */
import { connect } from './sallyport/client/index.js'

/** Milliseconds between two notices that a person is typing, and for which a notice is shown. */
const typingEvery = 1_500
const typingShown = 3_000
/** Number of lines that the page keeps. */
const mostLines = 500
/**
 * Milliseconds until the client reconnects when the button has cut the connection: time for others to write
 * something.
 */
const cutFor = 3_000

const find = id => document.getElementById(id)

// ── The connection ─────────────────────────────────────────────────────────────────────────────────────────

showStatus('Connecting …')
/**
 * The client reconnects by itself, and waits for the first connection without a limit. A page that is loaded
 * again goes on with its session.
 */
const game = await connect(new URL('.', location.href.replace(/^http/, 'ws')), {
  connectTimeout: 0,
  keep: () => sessionStorage
})
showStatus('Connected')

game.onState(({ state, resumed, reason }) => {
  find('cut').disabled = state !== 'open'
  if (state === 'resuming') showStatus('The connection is lost. Coming back …')
  if (state === 'closed')
    showStatus(`The gateway has ended this session. ${reason} Reload the page to begin a new one.`)
  drawPending()
  if (state !== 'open') return
  showStatus('Connected')
  if (here === undefined) return
  // A new session has no room yet, so it has to enter again.
  if (!resumed) enterAgain()
  else writeNote('Connected again, in the same session. What was said meanwhile follows.')
})

find('cut').addEventListener('click', () => game.reconnect(cutFor))

// ── The room ───────────────────────────────────────────────────────────────────────────────────────────────

/** The room that this window is in, with its people by session id; undefined: none. */
let here
/** Events that arrived while entering a room: they may be about people whom the reply has yet to name. */
let early

/** Handlers of events, by name. */
const listeners = {
  'room.entered'(person) {
    here.people.set(person.id, person)
    writeNote(nameOf(person), ' has come in')
  },
  'room.left'({ id }) {
    const person = here.people.get(id)
    here.people.delete(id)
    hideTyping(id)
    if (person !== undefined) writeNote(nameOf(person), ' has gone')
  },
  'room.away'({ id }) {
    const person = here.people.get(id)
    if (person === undefined) return
    here.people.set(id, { ...person, isAway: true })
    writeNote(nameOf(person), ' is away')
  },
  'room.back'({ id }) {
    const person = here.people.get(id)
    if (person === undefined) return
    here.people.set(id, { ...person, isAway: false })
    writeNote(nameOf(person), ' is back')
  },
  'message.said'({ id, name, text, at }) {
    hideTyping(id)
    const isMine = id === here.me
    // A session's messages arrive in the order in which it sent them.
    if (isMine) log.querySelector('.pending')?.remove()
    writeMessage({ id, name, text, at, isMine })
  },
  'message.score'({ id, said }) {
    const person = here.people.get(id)
    if (person !== undefined) here.people.set(id, { ...person, said })
  },
  'message.typing'({ id }) {
    if (here.people.has(id)) showTyping(id)
  }
}

for (const event of Object.keys(listeners)) game.on(event, body => eventArrived(event, body))

function eventArrived(event, body) {
  if (early !== undefined) early.push([event, body])
  else if (here !== undefined) {
    listeners[event](body)
    drawPeople()
  }
}

/**
 * Shows the room that a request replies with: `room.enter`, or `room.here` for the one that the session is in.
 * Returns whether there is one.
 */
async function enter(route, asked) {
  early = []
  let entered = null
  try {
    entered = await game.request(route, asked)
    if (entered === null) return false
    const { me, name, room, people } = entered
    here = { me, asked: { name, room }, room, people: new Map(people.map(person => [person.id, person])) }
    // A new session has another number: names above are those of earlier sessions.
    for (const name of log.querySelectorAll('.name')) name.classList.add('past')
    hideTyping()
  } finally {
    const events = early
    early = undefined
    if (entered !== null) for (const [event, body] of events) eventArrived(event, body)
  }
  drawRoom()
  return true
}

/** Goes on where this page was before it was loaded again. */
async function goOn() {
  const isThere = await enter('room.here').catch(() => false)
  if (isThere) writeNote('In the same session again. What was said before this page was loaded is not shown.')
}

async function enterAgain() {
  try {
    await enter('room.enter', here.asked)
    writeNote(
      'Connected again. This is a new session: what was said meanwhile is missing, and you count from 0.'
    )
  } catch (error) {
    // If the session was lost again, the next state change tries again.
    if (error.code !== 'SESSION_LOST') leave(error.message)
  }
}

function leave(why = '') {
  here = undefined
  hideTyping()
  find('entrance-error').textContent = why
  drawRoom()
}

// ── Input ──────────────────────────────────────────────────────────────────────────────────────────────────

/** Runs a form's action, one at a time, and shows its errors. */
function onSubmit(form, alert, run) {
  let isRunning = false
  form.addEventListener('submit', async event => {
    event.preventDefault()
    if (isRunning) return
    isRunning = true
    alert.textContent = ''
    try {
      await run()
    } catch (error) {
      alert.textContent = error.message
    } finally {
      isRunning = false
    }
  })
}

onSubmit(find('entrance'), find('entrance-error'), async () => {
  log.replaceChildren()
  isFollowing = true
  await enter('room.enter', { name: find('name').value, room: find('room-asked').value })
  find('text').focus()
})

find('say').addEventListener('submit', async event => {
  event.preventDefault()
  const text = find('text').value.trim()
  if (text === '') return
  find('text').value = ''
  find('say-error').textContent = ''
  lastTyping = 0
  const line = writePending(text)
  try {
    await game.request('message.say', { text })
  } catch (error) {
    line.remove()
    find('say-error').textContent = `Not sent: “${text}”. ${error.message}`
    if (find('text').value === '') find('text').value = text
  }
})

find('leave').addEventListener('click', async () => {
  await game.request('room.leave').catch(() => {})
  leave()
  find('name').focus()
})

let lastTyping = 0

find('text').addEventListener('input', () => {
  if (find('text').value === '' || Date.now() - lastTyping < typingEvery) return
  // After a reconnect it would be too late for the notice.
  if (game.state !== 'open') return
  lastTyping = Date.now()
  game.notify('message.typing')
})

// ── Drawing ────────────────────────────────────────────────────────────────────────────────────────────────

/** Timers of people who are typing, by session id. */
const typists = new Map()

function showTyping(id) {
  clearTimeout(typists.get(id))
  typists.set(
    id,
    setTimeout(() => hideTyping(id), typingShown)
  )
  drawTyping()
}

/** Hides the notice that a person is typing; without an id, all notices. */
function hideTyping(id) {
  for (const each of id === undefined ? [...typists.keys()] : [id]) {
    clearTimeout(typists.get(each))
    typists.delete(each)
  }
  drawTyping()
}

function drawTyping() {
  const names = [...typists.keys()].map(id => nameOf({ id, name: here?.people.get(id)?.name ?? 'Somebody' }))
  const [first, second] = names
  find('typing').replaceChildren(
    ...(names.length === 0
      ? []
      : names.length === 1
        ? [first, ' is typing …']
        : names.length === 2
          ? [first, ' and ', second, ' are typing …']
          : [`${names.length} people are typing …`])
  )
  drawTags()
}

function drawRoom() {
  find('entrance').hidden = here !== undefined
  find('room').hidden = here === undefined
  document.title = here === undefined ? 'Sallyport chat' : `${here.room} · Sallyport chat`
  find('room-name').textContent = here?.room ?? ''
  drawPeople()
}

function drawPeople() {
  const people = [...(here?.people.values() ?? [])].sort(
    (a, b) => a.name.localeCompare(b.name) || a.id - b.id
  )
  find('people').replaceChildren(...people.map(person => create('li', {}, nameOf(person), roleOf(person))))
  const best = people.filter(({ said }) => said > 0).sort((a, b) => b.said - a.said)
  find('scores').replaceChildren(
    ...best
      .slice(0, 10)
      .map(person =>
        create('li', {}, nameOf(person), ' ', create('span', { className: 'count' }, String(person.said)))
      )
  )
  drawTags()
}

function roleOf({ id, isAway }) {
  if (id === here.me) return ' (you)'
  return isAway ? ' (away)' : ''
}

/** Colours of people in the style sheet. */
const colours = 6

/**
 * Creates the name of a person, with a dot of their colour. Their tag is empty until another person of the
 * same name is seen: see `drawTags`.
 */
function nameOf({ id, name }) {
  const element = create('bdi', { className: 'name' }, name, create('span', { className: 'tag' }))
  element.style.setProperty('--person', `var(--person-${id % colours})`)
  Object.assign(element.dataset, { id, name })
  return element
}

/** Adds a tag to the names that are shared: the last figures of the session's number. */
function drawTags() {
  const names = [...document.querySelectorAll('.name:not(.past)')]
  const ids = new Map()
  for (const { dataset } of names) ids.set(dataset.name, (ids.get(dataset.name) ?? new Set()).add(dataset.id))
  for (const element of names) {
    const { id, name } = element.dataset
    element.querySelector('.tag').textContent = ids.get(name).size > 1 ? ` #${id.slice(-3)}` : ''
  }
}

function writeMessage({ id, name, text, at, isMine }) {
  const time = new Date(at).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' })
  writeLine(
    isMine ? 'message mine' : 'message',
    nameOf({ id, name }),
    ' ',
    create('time', { dateTime: new Date(at).toISOString() }, time),
    create('span', { className: 'text', dir: 'auto' }, text)
  )
}

/** Writes a message of one's own that the gateway has not confirmed yet. Returns its line. */
function writePending(text) {
  const wait = create('span', { className: 'wait' })
  const line = writeLine(
    'message mine pending',
    wait,
    create('span', { className: 'text', dir: 'auto' }, text)
  )
  drawPending()
  return line
}

/** Says of each message that is not confirmed yet what it waits for. */
function drawPending() {
  const why = game.state === 'open' ? 'Sending …' : 'Waits for the connection'
  for (const wait of log.querySelectorAll('.wait')) wait.textContent = why
  follow()
}

function writeNote(...content) {
  writeLine('note', ...content)
}

const log = find('messages')
/** Whether to keep the newest line in view; false while the reader has scrolled back. */
let isFollowing = true

log.addEventListener('scroll', () => {
  isFollowing = log.scrollHeight - log.scrollTop - log.clientHeight < 40
})
new ResizeObserver(follow).observe(log)

/** Writes a line above the messages that are not confirmed yet. Returns it. */
function writeLine(className, ...content) {
  const line = create('p', { className }, ...content)
  log.insertBefore(line, className.includes('pending') ? null : log.querySelector('.pending'))
  while (log.children.length > mostLines) log.firstElementChild.remove()
  drawTags()
  follow()
  return line
}

function follow() {
  if (isFollowing) log.scrollTop = log.scrollHeight
}

// A keyboard on the screen covers a part of the page: where it does not resize the page, this does.
visualViewport?.addEventListener('resize', () => {
  const { height, scale } = visualViewport
  document.documentElement.style.setProperty('--seen', scale === 1 ? `${height}px` : '100dvh')
  follow()
})

function showStatus(text) {
  find('status').textContent = text
}

if (game.resumed) await goOn()
find('enter').disabled = false

/** Creates an element with texts and elements in it. A text stays text: nothing in it is read as HTML. */
function create(name, properties, ...content) {
  const element = Object.assign(document.createElement(name), properties)
  element.append(...content)
  return element
}
