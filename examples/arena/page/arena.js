/**
 * The arena's page: Sallyport's client, a canvas, and the drawing of each tick. No build, no framework. Names
 * of other players are inserted as text, never as HTML.
 */
import { connect } from './sallyport/client/index.js'

/** Milliseconds without a tick after which the room counts as gone; its worker makes 20 ticks a second. */
const silence = 1_000
/** Milliseconds until the client reconnects when the button has cut the connection. */
const cutFor = 3_000
const mostNotes = 6

const find = id => document.getElementById(id)

// ── The connection ─────────────────────────────────────────────────────────────────────────────────────────

showStatus('Connecting …')
const game = await connect(new URL('.', location.href.replace(/^http/, 'ws')), {
  connectTimeout: 0,
  keep: () => sessionStorage
})
showStatus('Connected')

game.onState(({ state, resumed, reason }) => {
  for (const id of ['cut', 'crash']) find(id).disabled = state !== 'open'
  if (state === 'resuming') showStatus('The connection is lost. Coming back …')
  if (state === 'closed')
    showStatus(`The gateway has ended this session. ${reason} Reload the page to begin a new one.`)
  if (state !== 'open') return
  showStatus('Connected')
  if (here === undefined) return
  lastTickAt = performance.now()
  if (resumed) note('Connected again, in the same session: you never left the room.')
  else enter(here.asked, () => 'Connected again, in a new session: you have entered the room anew.')
})

// ── The room ───────────────────────────────────────────────────────────────────────────────────────────────

/** The room that this window is in; undefined: none. */
let here
/** The newest tick, and when it arrived. */
let tick
let lastTickAt = 0
let ticksSeen = 0

game.on('arena.tick', body => {
  lastTickAt = performance.now()
  ticksSeen++
  follow(body)
  tick = body
  drawLabels()
  drawPlayers()
  // Another player has created the room anew before this window noticed the missing ticks.
  if (here !== undefined && here.born !== body.born) enterAgain()
})

/** Enters the room, for the first time or again. `why` is shown when it is done. */
async function enter(asked, why) {
  await game.request('arena.choose', asked)
  await enterChosen(asked, why)
}

async function enterChosen(asked, why) {
  const entered = await game.request('arena.enter')
  here = { ...entered, asked: asked ?? { name: entered.name, room: entered.room } }
  lastTickAt = performance.now()
  if (why !== undefined) note(why(entered))
  drawGame()
  sendDirection()
}

let isEntering = false

/** Enters the room again after its worker has ended: another worker keeps a new, empty room of that name. */
async function enterAgain() {
  if (here === undefined || isEntering || game.state !== 'open') return
  isEntering = true
  const { born } = here
  try {
    await enterChosen(here.asked, entered =>
      entered.born === born
        ? 'The room was slow, and goes on.'
        : `The worker that kept this room has ended, and the room with it. Worker ${entered.worker} has begun it anew. ` +
          `Your session stayed, as sessions are not kept there, and with it all coins that you ever found: ${entered.found}.`
    )
  } catch (error) {
    note(`The room is gone, and can't be entered yet: ${error.message}`)
  } finally {
    isEntering = false
  }
}

setInterval(() => {
  find('rate').textContent = `${ticksSeen} ticks in the last second`
  ticksSeen = 0
  if (performance.now() - lastTickAt > silence) enterAgain()
}, 1_000)

find('entrance').addEventListener('submit', async event => {
  event.preventDefault()
  find('entrance-error').textContent = ''
  try {
    await enter({ name: find('name').value, room: find('room-asked').value })
    find('field').focus()
  } catch (error) {
    find('entrance-error').textContent = error.message
  }
})

find('leave').addEventListener('click', async () => {
  await game.request('arena.leave').catch(() => {})
  here = undefined
  tick = undefined
  labels.clear()
  find('labels').replaceChildren()
  find('notes').replaceChildren()
  drawGame()
})

find('cut').addEventListener('click', () => game.reconnect(cutFor))

find('crash').addEventListener('click', () => {
  // The handler never replies: its worker ends, and this error is expected.
  game.request('arena.crash').catch(error => note(error.message))
})

// ── Direction ──────────────────────────────────────────────────────────────────────────────────────────────

const directions = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
  a: [-1, 0],
  d: [1, 0],
  w: [0, -1],
  s: [0, 1]
}

const pressed = new Set()
let pointer
let sent = '0,0'

const field = find('field')

field.addEventListener('keydown', event => {
  if (directions[event.key] === undefined) return
  event.preventDefault()
  pressed.add(event.key)
  sendDirection()
})

for (const [type, target] of [
  ['keyup', field],
  ['blur', field]
]) {
  target.addEventListener(type, event => {
    if (event.key === undefined) pressed.clear()
    else pressed.delete(event.key)
    sendDirection()
  })
}

field.addEventListener('pointerdown', event => {
  field.setPointerCapture(event.pointerId)
  pointAt(event)
})
field.addEventListener('pointermove', event => {
  if (pointer !== undefined) pointAt(event)
})
for (const type of ['pointerup', 'pointercancel']) {
  field.addEventListener(type, () => {
    pointer = undefined
    sendDirection()
  })
}

function pointAt(event) {
  const { left, top, width } = field.getBoundingClientRect()
  const scale = field.width / width
  pointer = { x: (event.clientX - left) * scale, y: (event.clientY - top) * scale }
  sendDirection()
}

/** Sends the direction to the room if it has changed. */
function sendDirection() {
  const [dx, dy] = direction()
  const next = `${dx.toFixed(1)},${dy.toFixed(1)}`
  if (here === undefined || game.state !== 'open' || (next === sent && tick?.born === here.born)) return
  sent = next
  game.notify('arena.move', { dx, dy })
}

function direction() {
  const me = drawn.get(here?.me)
  if (pointer !== undefined && me !== undefined) {
    const [dx, dy] = [pointer.x - me.x, pointer.y - me.y]
    const length = Math.hypot(dx, dy)
    return length < 12 ? [0, 0] : [dx / length, dy / length]
  }
  const sum = [0, 0]
  for (const key of pressed) {
    sum[0] += directions[key][0]
    sum[1] += directions[key][1]
  }
  return sum.map(Math.sign)
}

// ── Drawing ────────────────────────────────────────────────────────────────────────────────────────────────

/** Positions at which players are drawn: between the last one and that of the newest tick. */
const drawn = new Map()

function follow({ players }) {
  const ids = new Set(players.map(({ id }) => id))
  for (const id of drawn.keys()) if (!ids.has(id)) drawn.delete(id)
  if (pointer !== undefined) sendDirection()
}

/** The labels of the players' names, by id. */
const labels = new Map()

function draw() {
  requestAnimationFrame(draw)
  const context = field.getContext('2d')
  const style = getComputedStyle(document.documentElement)
  context.clearRect(0, 0, field.width, field.height)
  if (here === undefined || tick === undefined) return
  context.lineWidth = 2
  context.fillStyle = style.getPropertyValue('--coin')
  context.strokeStyle = style.getPropertyValue('--ink')
  for (const { x, y } of tick.coins) diamond(context, x, y, 9)
  for (const { id, x, y } of tick.players) {
    const at = drawn.get(id) ?? { x, y }
    // Twenty ticks a second are drawn in sixty frames, so each frame moves a third of the way.
    at.x += (x - at.x) / 3
    at.y += (y - at.y) / 3
    drawn.set(id, at)
    context.fillStyle = style.getPropertyValue(colourOf(id))
    circle(context, at.x, at.y, 14)
    if (id === here.me) context.stroke()
  }
  placeLabels()
}

/** Number of the players' colours in the style sheet. None is like that of the coins. */
const colours = 6

function colourOf(id) {
  return `--person-${id % colours}`
}

/** Returns a player's name; if players share it, with the last figures of the session's number. */
function nameOf({ id, name }) {
  const isShared = tick.players.some(player => player.name === name && player.id !== id)
  return isShared ? `${name} #${String(id).slice(-3)}` : name
}

/** Creates and removes labels, and writes the names into them. Called with each tick. */
function drawLabels() {
  const ids = new Set(tick.players.map(({ id }) => id))
  for (const [id, { element }] of labels) {
    if (ids.has(id)) continue
    element.remove()
    labels.delete(id)
  }
  for (const player of tick.players) {
    const text = nameOf(player)
    const label = labels.get(player.id) ?? { element: document.createElement('bdi'), text: undefined }
    labels.set(player.id, label)
    if (label.text === text) continue
    label.text = text
    label.element.className = 'label'
    label.element.textContent = text
    find('labels').append(label.element)
  }
}

/** Puts each label above its player; below them at the upper edge, and never beyond an edge. */
function placeLabels() {
  const { clientWidth, clientHeight } = find('labels')
  const scale = clientWidth / field.width
  for (const [id, { element }] of labels) {
    const at = drawn.get(id)
    if (at === undefined) continue
    const { offsetWidth, offsetHeight } = element
    const left = Math.min(clientWidth - offsetWidth, Math.max(0, at.x * scale - offsetWidth / 2))
    const above = (at.y - 18) * scale - offsetHeight
    const top = above >= 0 ? above : Math.min(clientHeight - offsetHeight, (at.y + 18) * scale)
    element.style.transform = `translate(${left}px, ${top}px)`
  }
}

function diamond(context, x, y, radius) {
  context.beginPath()
  context.moveTo(x, y - radius)
  context.lineTo(x + radius, y)
  context.lineTo(x, y + radius)
  context.lineTo(x - radius, y)
  context.closePath()
  context.fill()
  context.stroke()
}

function circle(context, x, y, radius) {
  context.beginPath()
  context.arc(x, y, radius, 0, 2 * Math.PI)
  context.fill()
}

function drawGame() {
  find('entrance').hidden = here !== undefined
  find('game').hidden = here === undefined
  find('room-name').textContent = here?.room ?? ''
  document.title = here === undefined ? 'Sallyport arena' : `${here.room} · Sallyport arena`
}

function drawPlayers() {
  const best = [...tick.players].sort((a, b) => b.coins - a.coins || a.id - b.id).slice(0, 10)
  find('players').replaceChildren(
    ...best.map(player => {
      const { id, coins, x, y } = player
      const item = document.createElement('li')
      const swatch = document.createElement('span')
      swatch.className = 'swatch'
      swatch.style.setProperty('--person', `var(${colourOf(id)})`)
      const name = document.createElement('bdi')
      name.textContent = nameOf(player)
      item.append(swatch, name, `${id === here?.me ? ' (you)' : ''}: ${coins}`)
      // For readers who cannot see the canvas, and for tests.
      item.title = `at ${x}, ${y}`
      return item
    })
  )
}

function note(text) {
  const line = document.createElement('p')
  line.textContent = text
  find('notes').prepend(line)
  while (find('notes').children.length > mostNotes) find('notes').lastElementChild.remove()
}

function showStatus(text) {
  find('status').textContent = text
}

draw()
// A page that was loaded again goes on in the room of its session, if there is one.
if (game.resumed) await enterChosen(undefined, () => 'In the same session again.').catch(() => {})
find('enter').disabled = false
