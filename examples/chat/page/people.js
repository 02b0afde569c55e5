/** The people of a room: their names, who is there, who has said most, and who is typing. */
import { create, find } from './page.js'

/** Milliseconds for which a notice is shown that a person is typing. */
const typingShown = 3_000
/** Number of people's colours in the style sheet. */
const colours = 6
/** Number of people on the scoreboard. */
const mostScores = 10

/**
 * Creates the name of a person, with a dot of their colour. Their tag is empty until another person of the
 * same name is seen: see `drawTags`.
 */
export function nameOf({ id, name }) {
  const element = create('bdi', { className: 'name' }, name, create('span', { className: 'tag' }))
  element.style.setProperty('--person', `var(--person-${id % colours})`)
  Object.assign(element.dataset, { id, name })
  return element
}

/** Adds a tag to the names that are shared: the last figures of the session's number. */
export function drawTags() {
  const names = [...document.querySelectorAll('.name:not(.past)')]
  const ids = new Map()
  for (const { dataset } of names) ids.set(dataset.name, (ids.get(dataset.name) ?? new Set()).add(dataset.id))
  for (const element of names) {
    const { id, name } = element.dataset
    element.querySelector('.tag').textContent = ids.get(name).size > 1 ? ` #${id.slice(-3)}` : ''
  }
}

/** Shows who is in the room, and the scoreboard. `me` is the session id of this window's person. */
export function drawPeople(people, me) {
  const byName = [...people].sort((a, b) => a.name.localeCompare(b.name) || a.id - b.id)
  find('people').replaceChildren(
    ...byName.map(person => create('li', {}, nameOf(person), roleOf(person, me)))
  )
  const byScore = byName.filter(({ said }) => said > 0).sort((a, b) => b.said - a.said)
  find('scores').replaceChildren(
    ...byScore
      .slice(0, mostScores)
      .map(person =>
        create('li', {}, nameOf(person), ' ', create('span', { className: 'count' }, String(person.said)))
      )
  )
  drawTags()
}

function roleOf({ id, isAway }, me) {
  if (id === me) return ' (you)'
  return isAway ? ' (away)' : ''
}

/** Those who are typing, by session id, each with the timer that hides the notice. */
const typists = new Map()

export function showTyping(person) {
  clearTimeout(typists.get(person.id)?.timer)
  typists.set(person.id, { person, timer: setTimeout(() => hideTyping(person.id), typingShown) })
  drawTyping()
}

/** Hides the notice that a person is typing; without an id, all notices. */
export function hideTyping(id) {
  for (const each of id === undefined ? [...typists.keys()] : [id]) {
    clearTimeout(typists.get(each)?.timer)
    typists.delete(each)
  }
  drawTyping()
}

function drawTyping() {
  const [first, second, ...others] = [...typists.values()].map(({ person }) => nameOf(person))
  const notice =
    first === undefined
      ? []
      : second === undefined
        ? [first, ' is typing …']
        : others.length === 0
          ? [first, ' and ', second, ' are typing …']
          : [`${typists.size} people are typing …`]
  find('typing').replaceChildren(...notice)
  drawTags()
}
