/** The field as it is drawn: its coins, its players, and the labels with their names. */
import { find } from './page.js'

/** Number of the players' colours in the style sheet. None is like that of the coins. */
const colours = 6

export const field = find('field')

/** The newest tick, which is drawn; undefined: none. */
let tick
/** The session id of this window's player. */
let me
/** Positions at which players are drawn: between the last one and that of the newest tick. */
const drawn = new Map()
/** The labels of the players' names, by id. */
const labels = new Map()

/** Shows a tick until the next one. `player` is the session id of this window's player. */
export function showTick(next, player) {
  tick = next
  me = player
  const ids = new Set(tick.players.map(({ id }) => id))
  for (const id of drawn.keys()) if (!ids.has(id)) drawn.delete(id)
  drawLabels(ids)
}

export function clearField() {
  tick = undefined
  labels.clear()
  find('labels').replaceChildren()
}

/** Returns where a player is drawn; undefined: they are not. */
export function positionOf(id) {
  return drawn.get(id)
}

export function colourOf(id) {
  return `--person-${id % colours}`
}

/** Returns a player's name; if players share it, with the last figures of the session's number. */
export function nameOf({ id, name }) {
  const isShared = tick.players.some(player => player.name === name && player.id !== id)
  return isShared ? `${name} #${String(id).slice(-3)}` : name
}

/** Draws the field, now and in each frame to come. */
export function draw() {
  requestAnimationFrame(draw)
  const context = field.getContext('2d')
  const style = getComputedStyle(document.documentElement)
  context.clearRect(0, 0, field.width, field.height)
  if (tick === undefined) return
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
    if (id === me) context.stroke()
  }
  placeLabels()
}

/** Creates and removes labels, and writes the names into them. Called with each tick. */
function drawLabels(ids) {
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
