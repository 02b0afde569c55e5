/**
 * The arena's page: Sallyport's client, and the room that this window is in. No build, no framework. Names of
 * other players are inserted as text, never as HTML. `field.js` draws each tick, and `steering.js` reads the
 * keys and the pointer.
 */
import { clearField, colourOf, draw, field, nameOf, positionOf, showTick } from './field.js'
import { find, note, showStatus } from './page.js'
import { connect } from './sallyport/client/index.js'
import { directionOf, isPointing, steerOn } from './steering.js'

/** Milliseconds without a tick after which the room counts as gone; its worker makes 20 ticks a second. */
const silence = 1_000
/** Milliseconds until the client reconnects when the button has cut the connection. */
const cutFor = 3_000
/** Number of players on the scoreboard. */
const mostScores = 10

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
  else {
    here.isChosen = false
    enterAgain()
  }
})

// ── The room ───────────────────────────────────────────────────────────────────────────────────────────────

/** The room that this window is in, and whether its session has chosen it; undefined: none. */
let here
/** When the newest tick arrived, and since when the room that sent it exists. */
let lastTickAt = 0
let lastBorn
let ticksSeen = 0

game.on('arena.tick', body => {
  lastTickAt = performance.now()
  ticksSeen++
  lastBorn = body.born
  if (isPointing()) sendDirection()
  if (here === undefined) return
  showTick(body, here.me)
  drawPlayers(body.players)
  // Another player has created the room anew before this window noticed the missing ticks.
  if (here.born !== body.born) enterAgain()
})

/** Enters the room, for the first time or again. `why` is shown when it is done. */
async function enter(asked, why) {
  await game.request('arena.choose', asked)
  await enterChosen(asked, why)
}

async function enterChosen(asked, why) {
  const entered = await game.request('arena.enter')
  here = { ...entered, isChosen: true, asked: asked ?? { name: entered.name, room: entered.room } }
  lastTickAt = performance.now()
  if (why !== undefined) note(why(entered))
  drawGame()
  sendDirection()
}

let isEntering = false

/**
 * Enters the room again: in a new session, which has to choose it first, or after its worker has ended, when
 * another worker keeps a new, empty room of that name. If it fails, the next second without a tick tries again.
 */
async function enterAgain() {
  if (here === undefined || isEntering || game.state !== 'open') return
  isEntering = true
  const { asked, born, isChosen } = here
  try {
    if (isChosen) await enterChosen(asked, entered => describeRoom(entered, born))
    else await enter(asked, () => 'Connected again, in a new session: you have entered the room anew.')
  } catch (error) {
    note(`The room can't be entered yet: ${error.message}`)
  } finally {
    isEntering = false
  }
}

/** Says what has become of the room that began at `before`. */
function describeRoom({ born, worker, found }, before) {
  if (born === before) return 'The room was slow, and goes on.'
  return (
    `The worker that kept this room has ended, and the room with it. Worker ${worker} has begun it anew. ` +
    `Your session stayed, as sessions are not kept there, and with it all coins that you ever found: ${found}.`
  )
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
    field.focus()
  } catch (error) {
    find('entrance-error').textContent = error.message
  }
})

find('leave').addEventListener('click', async () => {
  await game.request('arena.leave').catch(() => {})
  here = undefined
  clearField()
  find('notes').replaceChildren()
  drawGame()
})

find('cut').addEventListener('click', () => game.reconnect(cutFor))

find('crash').addEventListener('click', () => {
  // The handler never replies: its worker ends, and this error is expected.
  game.request('arena.crash').catch(error => note(error.message))
})

// ── Direction ──────────────────────────────────────────────────────────────────────────────────────────────

let sent = '0,0'

steerOn(field, sendDirection)

/** Sends the direction to the room if it has changed. */
function sendDirection() {
  if (here === undefined || game.state !== 'open') return
  const [dx, dy] = directionOf(positionOf(here.me))
  const next = `${dx.toFixed(1)},${dy.toFixed(1)}`
  if (next === sent && lastBorn === here.born) return
  sent = next
  game.notify('arena.move', { dx, dy })
}

// ── Drawing ────────────────────────────────────────────────────────────────────────────────────────────────

function drawGame() {
  find('entrance').hidden = here !== undefined
  find('game').hidden = here === undefined
  find('room-name').textContent = here?.room ?? ''
  document.title = here === undefined ? 'Sallyport arena' : `${here.room} · Sallyport arena`
}

function drawPlayers(players) {
  const best = [...players].sort((a, b) => b.coins - a.coins || a.id - b.id).slice(0, mostScores)
  find('players').replaceChildren(
    ...best.map(player => {
      const { id, coins, x, y } = player
      const item = document.createElement('li')
      const swatch = document.createElement('span')
      swatch.className = 'swatch'
      swatch.style.setProperty('--person', `var(${colourOf(id)})`)
      const name = document.createElement('bdi')
      name.textContent = nameOf(player)
      item.append(swatch, name, `${id === here.me ? ' (you)' : ''}: ${coins}`)
      // For readers who cannot see the canvas, and for tests.
      item.title = `at ${x}, ${y}`
      return item
    })
  )
}

draw()
// A page that was loaded again goes on in the room of its session, if there is one.
if (game.resumed) await enterChosen(undefined, () => 'In the same session again.').catch(() => {})
find('enter').disabled = false
