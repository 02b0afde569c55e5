/** The workers: a card for each place, with what its worker does, how earlier ones ended, and what an operator can ask of it. */
import { change, download, isReadOnly, read } from '../parts/api.js'
import { ask, attempt, tell } from '../parts/dialog.js'
import { button, create, setDisabled, setText } from '../parts/dom.js'
import { Facts } from '../parts/facts.js'
import {
  countOf,
  formatAgo,
  formatBytes,
  formatCount,
  formatDuration,
  formatMoment,
  formatSeconds,
  formatShare,
  none
} from '../parts/format.js'
import { Meter } from '../parts/meter.js'
import { countUp, groupByPlace } from '../parts/places.js'
import { poll } from '../parts/poll.js'

/** @import { WorkerDetail, WorkersAnswer } from '../../api/console-api.js' */
/** @import { View } from '../console.js' */

const profileSeconds = 5

/** @returns {View} */
export function openWorkers() {
  const summary = create('p', { className: 'hint', role: 'status' })
  const error = create('p', { className: 'error', role: 'alert' })
  const grid = create('div', { className: 'cards' })
  /** @type {Map<number, WorkerCard>} */
  const cards = new Map()

  const reading = poll({
    every: 2_000,
    read: () => read('workers'),
    got(/** @type {WorkersAnswer} */ { at, workers }) {
      error.textContent = ''
      setText(summary, `${countUp(workers)} up.`)
      for (const { worker, retiring } of groupByPlace(workers)) {
        let card = cards.get(worker.index)
        if (card === undefined) {
          card = new WorkerCard(worker.index, () => reading.again())
          cards.set(worker.index, card)
          grid.append(card.element)
        }
        card.update(worker, retiring, at)
      }
      for (const [index, card] of cards) {
        if (workers.some(worker => worker.index === index)) continue
        card.element.remove()
        cards.delete(index)
      }
    },
    failed: failure => setText(error, failure.message)
  })

  const element = create(
    'div',
    { className: 'view' },
    create('div', { className: 'bar' }, create('h2', {}, 'Workers'), summary),
    error,
    grid,
    createGatewayCard()
  )
  return { title: 'Workers', element, close: reading.stop }
}

/** What the states of a worker are called. */
const states = { starting: 'starts', up: 'up', retiring: 'finishes its requests', failed: 'did not start' }

class WorkerCard {
  #state = create('span', { className: 'state' })
  #busy = new Meter('Busy')
  #heap = new Meter('Heap')
  #facts = new Facts(describe)
  #retiring = create('p', { className: 'hint' })
  #ends = create('ol', { className: 'ends' })
  #restart
  /** Of the answer before. @type {WorkerDetail['busy']} */
  #before = null

  /** @param {number} index @param {() => void} changed */
  constructor(index, changed) {
    const path = `workers/${index}`
    this.#restart = button('Restart …', () => askToRestart(path, index, changed), { className: 'danger' })
    const title = create('h3', { id: `worker-${index}` }, `Worker ${index}`)
    this.element = create(
      'section',
      { className: 'card worker' },
      create('div', { className: 'bar' }, title, this.#state),
      this.#busy.element,
      this.#heap.element,
      this.#facts.element,
      this.#retiring,
      create('h4', {}, 'Last ends'),
      this.#ends,
      create(
        'div',
        { className: 'buttons' },
        ...diagnosisButtons(path, `worker ${index}`, `worker-${index}`),
        this.#restart
      )
    )
    this.element.setAttribute('aria-labelledby', title.id)
  }

  /** @param {WorkerDetail} worker @param {readonly WorkerDetail[]} retiring @param {number} at */
  update(worker, retiring, at) {
    const { state, busy, heap, ends } = worker
    this.#state.className = `state ${state === 'up' ? 'well' : state === 'failed' ? 'error' : 'warn'}`
    setText(this.#state, states[state])
    this.#busy.show(...share(busy, this.#before))
    this.#before = busy
    if (heap === null) this.#heap.show(null, none)
    else this.#heap.show(heap.used / heap.limit, `${formatBytes(heap.used)} of ${formatBytes(heap.limit)}`)
    this.#facts.update({ ...worker, at })
    setText(this.#retiring, retiring.map(describeRetiring).join(' '))
    setDisabled(this.#restart, isReadOnly() || state !== 'up')
    const key = JSON.stringify(ends)
    if (this.#ends.dataset['key'] === key) return
    this.#ends.dataset['key'] = key
    const rows = ends.map(end => {
      const route = end.route === null ? [] : [' in ', create('code', {}, end.route)]
      const lived = `after ${formatDuration(end.lived)}`
      return create('li', {}, create('time', {}, formatMoment(end.at)), ' ', end.cause, ...route, ` ${lived}`)
    })
    this.#ends.replaceChildren(
      ...(rows.length === 0 ? [create('li', { className: 'faint' }, 'None.')] : rows)
    )
  }
}

/**
 * Returns the busy share between two answers, and its text.
 *
 * @param {WorkerDetail['busy']} now
 * @param {WorkerDetail['busy']} before
 * @returns {[share: number | null, text: string]}
 */
function share(now, before) {
  if (now === null) return [null, none]
  // Another life begins at zero.
  const since = before !== null && now.total > before.total ? before : { active: 0, total: 0 }
  const value = (now.active - since.active) / (now.total - since.total || 1)
  return [value, formatShare(value)]
}

/** @param {WorkerDetail & { at: number }} worker @returns {Record<string, string>} */
function describe({ at, requests, batch, restarts, givenUp, givenUpRoutes, since, isolation, id }) {
  const hanging = givenUpRoutes.map(({ route, count }) => `${route} × ${count}`).join(', ')
  return {
    Requests: formatCount(requests),
    Batch:
      batch === null
        ? 'waits for work'
        : `${countOf(batch.requests, 'request')} of ${countOf(batch.turns, 'session')}, sent ${formatSeconds((at - batch.since) / 1000)} ago`,
    'Given-up handlers': givenUp === 0 ? 'none' : `${formatCount(givenUp)}: ${hanging}`,
    Restarts: formatCount(restarts),
    'Up for': formatAgo(since, at),
    [isolation === 'process' ? 'Process' : 'Thread']: id === null ? none : String(id)
  }
}

/** @param {WorkerDetail} worker */
function describeRetiring({ requests, givenUp, isolation, id }) {
  const name = `The worker before it (${isolation === 'process' ? 'process' : 'thread'} ${id ?? none})`
  const hanging = givenUp === 0 ? '' : `, and has ${countOf(givenUp, 'given-up handler')}`
  return `${name} finishes ${countOf(requests, 'request')}${hanging}.`
}

/** @param {string} path @param {number} index @param {() => void} changed */
async function askToRestart(path, index, changed) {
  const answer = await ask({
    title: `Restart worker ${index}?`,
    text: 'It finishes its requests and takes no new ones; a new worker takes its place. No session is lost.',
    confirm: 'Restart'
  })
  if (answer === undefined) return
  await attempt(`Worker ${index} is replaced.`, () => change(`${path}/restart`))
  changed()
}

/**
 * Creates the buttons for a CPU profile and a heap snapshot.
 *
 * @param {string} path
 * @param {string} what
 * @param {string} name of the file
 */
function diagnosisButtons(path, what, name) {
  const profile = button(
    `CPU profile, ${profileSeconds} s`,
    () =>
      save(profile, `Profiling for ${profileSeconds} s …`, () =>
        download(`${path}/profile`, { seconds: profileSeconds }, `${name}.cpuprofile`)
      ),
    { className: 'quiet', disabled: isReadOnly() }
  )
  const heap = button(
    'Heap snapshot …',
    async () => {
      const answer = await ask({
        title: `Heap snapshot of ${what}?`,
        text: 'It stands still while the snapshot is taken: about a second for each 100 MiB of its heap. The file holds everything that is in its memory, such as the players’ data.',
        confirm: 'Take it'
      })
      if (answer === undefined) return
      await save(heap, 'Taking the snapshot …', () =>
        download(`${path}/heap-snapshot`, {}, `${name}.heapsnapshot`)
      )
    },
    { className: 'quiet', disabled: isReadOnly() }
  )
  return [profile, heap]
}

/**
 * @param {HTMLButtonElement} pressed
 * @param {string} meanwhile
 * @param {() => Promise<{ name: string, size: number }>} act
 */
async function save(pressed, meanwhile, act) {
  const text = pressed.textContent ?? ''
  const hadFocus = pressed === document.activeElement
  setDisabled(pressed, true)
  pressed.textContent = meanwhile
  try {
    const { name, size } = await act()
    tell('done', `Saved ${name}, ${formatBytes(size)}. Open it in the DevTools of a browser.`)
  } catch (error) {
    tell('failed', /** @type {Error} */ (error).message)
  } finally {
    pressed.disabled = isReadOnly()
    pressed.textContent = text
    if (hadFocus && document.activeElement?.id === 'main') pressed.focus()
  }
}

function createGatewayCard() {
  const title = create('h3', { id: 'gateway-thread' }, 'The gateway’s own thread')
  const element = create(
    'section',
    { className: 'card' },
    title,
    create(
      'p',
      { className: 'hint' },
      'It holds the connections and sessions, and runs no handler. Its figures are in the overview.'
    ),
    create('div', { className: 'buttons' }, ...diagnosisButtons('gateway', 'the gateway', 'gateway'))
  )
  element.setAttribute('aria-labelledby', title.id)
  return element
}
