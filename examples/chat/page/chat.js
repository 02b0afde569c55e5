/**
 * The chat's page: one WebSocket that speaks the JSON text form, and what is drawn of what it tells. No build, no
 * framework. Whatever comes from others is put in as text, never as HTML.
 */

/** Milliseconds before the first try to connect again; each further one waits twice as long, up to the longest. */
const firstPause = 500
const longestPause = 10_000
/** Milliseconds between two notices that somebody types, and how long one is shown. */
const typingEvery = 1_500
const typingShown = 3_000
/** Lines that the page keeps. */
const mostLines = 500

const find = id => document.getElementById(id)

// ── The connection ────────────────────────────────────────────────────────────────────────────────────────────────

let socket
/** Requests that wait for their reply, by their number. */
const waiting = new Map()
let lastId = 0
/** Tries to connect since the gateway was last heard. */
let tries = 0
let kickReason = ''

function connect() {
  showStatus('Connecting …')
  socket = new WebSocket(
    `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}`,
    'sallyport.json'
  )
  socket.addEventListener('open', socketOnOpen)
  socket.addEventListener('message', socketOnMessage)
  socket.addEventListener('close', socketOnClose)
}

/** Asks, and gives the reply's body; rejects with what the gateway or a handler has against it. */
function request(route, body) {
  if (socket.readyState !== WebSocket.OPEN) return Promise.reject(new Error('Not connected'))
  const id = ++lastId
  socket.send(JSON.stringify([id, route, body]))
  return new Promise((resolve, reject) => waiting.set(id, { resolve, reject }))
}

/** Tells, and hears nothing of it. */
function notify(route, body) {
  if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify([0, route, body]))
}

function socketOnOpen() {
  showStatus('Connected')
  // A connection is a session, and a new one knows nothing: it has to enter again.
  if (here !== undefined) enterAgain()
}

function socketOnMessage({ data }) {
  tries = 0
  const [id, body, error] = JSON.parse(data)
  if (typeof id === 'string') return eventArrived(id, body)
  const { resolve, reject } = waiting.get(id) ?? {}
  waiting.delete(id)
  if (error === undefined) resolve?.(body)
  else reject?.(new Error(error.message))
}

function socketOnClose({ code }) {
  for (const { reject } of waiting.values()) reject(new Error('The connection ended before the answer came'))
  waiting.clear()
  if (!mayComeBack(code)) {
    showStatus(`The gateway has ended this session. ${kickReason} Reload the page to begin a new one.`)
    return
  }
  // Not all at the same moment, when a gateway comes back and everybody waits for it.
  const pause = Math.min(longestPause, firstPause * 2 ** tries++) * (0.5 + Math.random() / 2)
  showStatus(`The connection is lost. Next try in ${Math.ceil(pause / 1_000)} s …`)
  setTimeout(connect, pause)
}

/** The gateway's close codes say by their range whether to come back; below 4000 they are WebSocket's own. */
function mayComeBack(code) {
  return code >= 4000 ? code < 4500 : [1001, 1006, 1011, 1012, 1013].includes(code)
}

// ── The room ──────────────────────────────────────────────────────────────────────────────────────────────────────

/** The room that this window is in, with its people by number; undefined while there is none. */
let here
/** Events that came while a room is being entered: they are about people of whom the reply tells. */
let early

/** What is to be done about each event. */
const listeners = {
  'room.entered'(person) {
    here.people.set(person.id, person)
    writeNote(`${person.name} has come in`)
  },
  'room.left'({ id }) {
    const person = here.people.get(id)
    here.people.delete(id)
    hideTyping(id)
    if (person !== undefined) writeNote(`${person.name} has gone`)
  },
  'message.said'({ id, name, text, at }) {
    hideTyping(id)
    writeMessage({ name, text, at, isMine: id === here.me })
  },
  'message.score'({ id, said }) {
    const person = here.people.get(id)
    if (person !== undefined) here.people.set(id, { ...person, said })
  },
  'message.typing'({ id }) {
    if (here.people.has(id)) showTyping(id)
  }
}

function eventArrived(event, body) {
  if (event === '$kick') kickReason = String(body?.reason ?? '')
  else if (early !== undefined) early.push([event, body])
  else if (here !== undefined && Object.hasOwn(listeners, event)) {
    listeners[event](body)
    drawPeople()
  }
}

async function enter(asked) {
  early = []
  try {
    const { me, room, people } = await request('room.enter', asked)
    here = { me, asked, room, people: new Map(people.map(person => [person.id, person])) }
    hideTyping()
  } finally {
    const events = early
    early = undefined
    if (here?.asked === asked) for (const [event, body] of events) eventArrived(event, body)
  }
  drawRoom()
}

async function enterAgain() {
  try {
    await enter({ ...here.asked })
    writeNote(
      'Connected again. This is a new session: what was said meanwhile is missing, and you count from 0.'
    )
  } catch (error) {
    // If the connection was lost once more, the next one tries again.
    if (socket.readyState === WebSocket.OPEN) leave(error.message)
  }
}

function leave(why = '') {
  here = undefined
  hideTyping()
  find('entrance-error').textContent = why
  drawRoom()
}

// ── What is typed ─────────────────────────────────────────────────────────────────────────────────────────────────

/** Runs what a form is for, once at a time, and shows what was wrong with it. */
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
  await enter({ name: find('name').value, room: find('room-asked').value })
  find('text').focus()
})

onSubmit(find('say'), find('say-error'), async () => {
  const text = find('text').value
  if (text.trim() === '') return
  await request('message.say', { text })
  // What was typed while the answer was on its way stays.
  if (find('text').value === text) find('text').value = ''
  lastTyping = 0
})

find('leave').addEventListener('click', async () => {
  await request('room.leave').catch(() => {})
  leave()
  find('name').focus()
})

let lastTyping = 0

find('text').addEventListener('input', () => {
  if (find('text').value === '' || Date.now() - lastTyping < typingEvery) return
  lastTyping = Date.now()
  notify('message.typing')
})

// ── What is drawn ─────────────────────────────────────────────────────────────────────────────────────────────────

/** Timers of those who type, by their number. */
const typists = new Map()

function showTyping(id) {
  clearTimeout(typists.get(id))
  typists.set(
    id,
    setTimeout(() => hideTyping(id), typingShown)
  )
  drawTyping()
}

/** Without a number: of all. */
function hideTyping(id) {
  for (const each of id === undefined ? [...typists.keys()] : [id]) {
    clearTimeout(typists.get(each))
    typists.delete(each)
  }
  drawTyping()
}

function drawTyping() {
  const names = [...typists.keys()].map(id => here?.people.get(id)?.name ?? 'Somebody')
  const [first, second] = names
  find('typing').textContent =
    names.length === 0
      ? ''
      : names.length === 1
        ? `${first} is typing …`
        : names.length === 2
          ? `${first} and ${second} are typing …`
          : `${names.length} people are typing …`
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
  find('people').replaceChildren(
    ...people.map(({ id, name }) => create('li', {}, create('bdi', {}, name), id === here.me ? ' (you)' : ''))
  )
  const best = people.filter(({ said }) => said > 0).sort((a, b) => b.said - a.said)
  find('scores').replaceChildren(
    ...best
      .slice(0, 10)
      .map(({ name, said }) =>
        create('li', {}, create('bdi', {}, name), ' ', create('span', {}, String(said)))
      )
  )
}

function writeMessage({ name, text, at, isMine }) {
  const time = new Date(at).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' })
  writeLine(
    isMine ? 'message mine' : 'message',
    create('bdi', { className: 'name' }, name),
    ' ',
    create('time', { dateTime: new Date(at).toISOString() }, time),
    create('span', { className: 'text', dir: 'auto' }, text)
  )
}

function writeNote(text) {
  writeLine('note', text)
}

const log = find('messages')
/** Whether the newest line is to be in view; false while somebody has scrolled back to read. */
let isFollowing = true

log.addEventListener('scroll', () => {
  isFollowing = log.scrollHeight - log.scrollTop - log.clientHeight < 40
})
new ResizeObserver(follow).observe(log)

function writeLine(className, ...content) {
  log.append(create('p', { className }, ...content))
  while (log.children.length > mostLines) log.firstElementChild.remove()
  follow()
}

function follow() {
  if (isFollowing) log.scrollTop = log.scrollHeight
}

function showStatus(text) {
  find('status').textContent = text
}

/** An element with texts and elements in it. A text stays a text: nothing in it is read as HTML. */
function create(name, properties, ...content) {
  const element = Object.assign(document.createElement(name), properties)
  element.append(...content)
  return element
}

connect()
