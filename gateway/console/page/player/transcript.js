/**
 * What a player has sent and got, the newest on top.
 *
 * Entries are drawn once per frame, and only as many as are kept: a flood of events must not stop the page.
 */
import { create } from '../parts/dom.js'
import { formatValue } from '../parts/format.js'

/** Entries that are kept; the oldest are removed. */
const most = 200

export class Transcript {
  element = create('ol', {
    className: 'transcript',
    tabIndex: 0,
    ariaLabel: 'Replies and events, the newest first'
  })
  showsEvents = true
  /** Entries that wait for the next frame, the newest last. @type {HTMLElement[]} */
  #waiting = []

  constructor() {
    this.element.role = 'log'
    // Of several events a second a screen reader would speak for ever.
    this.element.ariaLive = 'off'
  }

  clear() {
    this.#waiting = []
    this.element.replaceChildren()
  }

  /** Adds a request or notify; what `answer` is called with is added to it. @param {string} kind @param {string} route @param {string} body */
  addMessage(kind, route, body) {
    const begin = performance.now()
    const entry = this.#add(kind, route, body)
    const waits = kind === 'request' ? create('p', { className: 'hint' }, 'Waits for its reply …') : ''
    entry.append(waits)
    /** @param {'reply' | 'error'} outcome @param {string} code @param {string} text */
    const end = (outcome, code, text) => {
      const took = `${(performance.now() - begin).toFixed(1)} ms`
      entry.classList.add(outcome)
      entry.lastElementChild?.remove()
      entry.append(createHead(outcome, code, took), create('pre', {}, text))
    }
    return {
      /** @param {unknown} body */
      reply: body => end('reply', '', formatValue(body)),
      /** @param {Error & { code?: string, data?: unknown }} error */
      fail: error => {
        if (waits === '') entry.append(create('p'))
        end('error', error.code ?? '', describeError(error))
      }
    }
  }

  /** @param {string} event @param {unknown} body */
  addEvent(event, body) {
    if (this.showsEvents) this.#add('event', event, formatValue(body))
  }

  /** Adds a change of the connection. @param {string} text @param {boolean} [isBad] */
  addState(text, isBad = false) {
    this.#add('connection', '', '').append(create('p', {}, text))
    if (isBad) this.#waiting.at(-1)?.classList.add('error')
  }

  /** @param {string} kind @param {string} name @param {string} body */
  #add(kind, name, body) {
    const now = new Date()
    const ms = String(now.getMilliseconds()).padStart(3, '0')
    const time = `${now.toLocaleTimeString('en', { hour12: false })}.${ms}`
    const entry = create('li', { className: kind }, createHead(kind, name, time))
    if (body !== '') entry.append(create('pre', {}, body))
    if (this.#waiting.push(entry) === 1) requestAnimationFrame(() => this.#draw())
    if (this.#waiting.length > most) this.#waiting.shift()
    return entry
  }

  #draw() {
    this.element.prepend(...this.#waiting.reverse())
    this.#waiting = []
    while (this.element.children.length > most) this.element.lastElementChild?.remove()
  }
}

/** @param {string} kind @param {string} name @param {string} note */
function createHead(kind, name, note) {
  return create(
    'p',
    { className: 'head' },
    create('span', { className: 'kind' }, kind),
    ' ',
    create('code', {}, name),
    ' ',
    create('span', { className: 'hint' }, note)
  )
}

/** @param {Error & { data?: unknown }} error */
function describeError({ message, data }) {
  return data === undefined ? message : `${message}\n${formatValue(data)}`
}
