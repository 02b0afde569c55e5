/**
 * The chat's page: Sallyport's client, the room that this window is in, and its input. No build, no framework.
 * Everything from other people is inserted as text, never as HTML. `people.js` and `messages.js` draw the rest.
 */
import {
  clearLines,
  drawPending,
  markPast,
  markUnsent,
  writeMessage,
  writeNote,
  writePending
} from './messages.js'
import { find, showStatus } from './page.js'
import { drawPeople, hideTyping, nameOf, showTyping } from './people.js'
import { connect } from './sallyport/client/index.js'

/** Milliseconds between two notices that a person is typing. */
const typingEvery = 1_500
/**
 * Milliseconds until the client reconnects when the button has cut the connection: time for others to write
 * something.
 */
const cutFor = 3_000

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
  drawPending(state === 'open')
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
    writeMessage({ id, name, text, at, isMine: id === here.me })
  },
  'message.score'({ id, said }) {
    const person = here.people.get(id)
    if (person !== undefined) here.people.set(id, { ...person, said })
  },
  'message.typing'({ id }) {
    const person = here.people.get(id)
    if (person !== undefined) showTyping(person)
  }
}

for (const event of Object.keys(listeners)) game.on(event, body => eventArrived(event, body))

function eventArrived(event, body) {
  if (early !== undefined) early.push([event, body])
  else if (here !== undefined) {
    listeners[event](body)
    drawPeople(here.people.values(), here.me)
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
    markPast()
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
  clearLines()
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
  drawPending(game.state === 'open')
  try {
    await game.request('message.say', { text })
  } catch (error) {
    const why = explain(error)
    markUnsent(line, why)
    find('say-error').textContent = why
    if (find('text').value === '') find('text').value = text
  }
})

/** Says what has become of a message that is not confirmed. */
function explain({ code, retryable, message }) {
  if (code !== 'SESSION_LOST') return `Not sent. ${message}`
  return retryable
    ? 'Not sent: the connection was lost meanwhile. Send it again.'
    : 'The connection was lost. The others may have this message, or not.'
}

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

function drawRoom() {
  find('entrance').hidden = here !== undefined
  find('room').hidden = here === undefined
  document.title = here === undefined ? 'Sallyport chat' : `${here.room} · Sallyport chat`
  find('room-name').textContent = here?.room ?? ''
  drawPeople(here?.people.values() ?? [], here?.me)
}

if (game.resumed) await goOn()
find('enter').disabled = false
