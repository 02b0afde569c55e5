/** What was said in the room: messages, those of one's own that are on their way, and notes. */
import { create, find } from './page.js'
import { drawTags, nameOf } from './people.js'

/** Number of lines that the page keeps. */
const mostLines = 500
/** Pixels above the end from which the reader counts as having scrolled back. */
const nearEnd = 40

const lines = find('messages')
/** Whether to keep the newest line in view; false while the reader has scrolled back. */
let isFollowing = true

lines.addEventListener('scroll', () => {
  isFollowing = lines.scrollHeight - lines.scrollTop - lines.clientHeight < nearEnd
})
new ResizeObserver(follow).observe(lines)

// A keyboard on the screen covers a part of the page: where it does not resize the page, this does.
visualViewport?.addEventListener('resize', () => {
  const { height, scale } = visualViewport
  document.documentElement.style.setProperty('--seen', scale === 1 ? `${height}px` : '100dvh')
  follow()
})

export function clearLines() {
  lines.replaceChildren()
  isFollowing = true
}

/** Marks all names so far as those of earlier sessions. */
export function markPast() {
  for (const name of lines.querySelectorAll('.name')) name.classList.add('past')
}

export function writeMessage({ id, name, text, at, isMine }) {
  // A session's messages arrive in the order in which it sent them.
  if (isMine) lines.querySelector('.pending')?.remove()
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
export function writePending(text) {
  const wait = create('span', { className: 'wait' })
  return writeLine('message mine pending', wait, create('span', { className: 'text', dir: 'auto' }, text))
}

/** Says why a message of one's own is not confirmed. It stays, so that it can be sent again. */
export function markUnsent(line, why) {
  line.classList.replace('pending', 'unsent')
  line.querySelector('.wait').replaceWith(create('span', { className: 'tag' }, why))
}

/** Says of each message that is not confirmed yet what it waits for. */
export function drawPending(isConnected) {
  const why = isConnected ? 'Sending …' : 'Waits for the connection'
  for (const wait of lines.querySelectorAll('.wait')) wait.textContent = why
  follow()
}

export function writeNote(...content) {
  writeLine('note', ...content)
}

/** Writes a line above the messages that are not confirmed yet. Returns it. */
function writeLine(className, ...content) {
  const line = create('p', { className }, ...content)
  lines.insertBefore(line, className.includes('pending') ? null : lines.querySelector('.pending'))
  while (lines.children.length > mostLines) lines.firstElementChild.remove()
  drawTags()
  follow()
  return line
}

function follow() {
  if (isFollowing) lines.scrollTop = lines.scrollHeight
}
