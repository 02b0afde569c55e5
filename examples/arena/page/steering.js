/** Where the player wants to go: by the keys, or by a finger or a mouse on the field. */

/** By the keys' places: the letter on a key changes with Shift, and would not be found again when it is let go. */
const directions = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
  KeyA: [-1, 0],
  KeyD: [1, 0],
  KeyW: [0, -1],
  KeyS: [0, 1]
}
/** Distance from a player, in the field's units, within which the pointer lets them stand. */
const standing = 12

const pressed = new Set()
/** Where the pointer is held on the field; undefined: it is not. */
let pointer

/** Follows the keys and the pointer on the field. Calls `onChange` after each change. */
export function steerOn(field, onChange) {
  field.addEventListener('keydown', event => {
    const isShortcut = event.ctrlKey || event.altKey || event.metaKey
    if (directions[event.code] === undefined || isShortcut) return
    event.preventDefault()
    pressed.add(event.code)
    onChange()
  })
  field.addEventListener('keyup', event => {
    pressed.delete(event.code)
    onChange()
  })
  field.addEventListener('blur', () => {
    pressed.clear()
    onChange()
  })

  const pointAt = event => {
    const { left, top, width } = field.getBoundingClientRect()
    const scale = field.width / width
    pointer = { x: (event.clientX - left) * scale, y: (event.clientY - top) * scale }
    onChange()
  }
  field.addEventListener('pointerdown', event => {
    if (event.button !== 0) return
    field.setPointerCapture(event.pointerId)
    pointAt(event)
  })
  field.addEventListener('pointermove', event => {
    if (pointer !== undefined) pointAt(event)
  })
  for (const type of ['pointerup', 'pointercancel']) {
    field.addEventListener(type, () => {
      pointer = undefined
      onChange()
    })
  }
}

/** Whether the direction changes by itself, since the player moves towards the pointer. */
export function isPointing() {
  return pointer !== undefined
}

/** Returns the direction for a player who is drawn at `me`; undefined: they are not drawn yet. */
export function directionOf(me) {
  if (pointer !== undefined && me !== undefined) {
    const [dx, dy] = [pointer.x - me.x, pointer.y - me.y]
    const length = Math.hypot(dx, dy)
    return length < standing ? [0, 0] : [dx / length, dy / length]
  }
  const sum = [0, 0]
  for (const key of pressed) {
    sum[0] += directions[key][0]
    sum[1] += directions[key][1]
  }
  return sum.map(Math.sign)
}
