/**
 * The console: its login, its views, and the pulse that all views share.
 *
 * No build, no framework. The address after `#` names the view, so that the browser's history and a link to a
 * session work. The pulse reads the overview every two seconds while the page is seen, whichever view is open:
 * the charts go on, and each view shows whether the gateway is well.
 */
import { CallError, isInCluster, logOut, onSignedOut, read, recall } from './parts/api.js'
import { attempt } from './parts/dialog.js'
import { create, find, setText } from './parts/dom.js'
import { formatDuration, formatMoment } from './parts/format.js'
import { History } from './parts/history.js'
import { decode } from './parts/percent.js'
import { poll } from './parts/poll.js'
import { startThemeSwitch } from './parts/theme-switch.js'
import { openCluster } from './views/cluster.js'
import { openLog } from './views/log.js'
import { openLogin } from './views/login.js'
import { openOverview } from './views/overview.js'
import { openPlayground } from './views/playground.js'
import { openRoute } from './views/route.js'
import { openRoutes } from './views/routes.js'
import { openSession } from './views/session.js'
import { openSessions } from './views/sessions.js'
import { openWorkers } from './views/workers.js'

/** @import { LoginAnswer, Overview } from '../api/console-api.js' */

/**
 * @typedef {object} View
 * @property {string} title
 * @property {HTMLElement} element
 * @property {(history: History) => void} [pulse] called with each overview, and at once when the view opens
 * @property {() => void} [recolour] called when the colours have changed
 * @property {() => void} [close] absent: the view is kept, and shown again
 * @property {(detail: string) => void} [revisit] called when a view that was kept is shown again
 */

/** @type {Record<string, (detail: string) => View>} */
const views = {
  overview: openOverview,
  sessions: detail => (detail === '' ? openSessions() : openSession(detail)),
  workers: openWorkers,
  routes: detail => (detail === '' ? openRoutes() : openRoute(detail)),
  cluster: openCluster,
  log: openLog,
  playground: openPlayground
}

/** Milliseconds between two readings of the overview. */
const pulseEvery = 2_000

const history = new History()
/** Views without `close`, by name. @type {Map<string, View>} */
const kept = new Map()
/** @type {View | undefined} */
let view
/** @type {ReturnType<typeof poll> | undefined} */
let pulse
/** When the gateway answered last, in milliseconds since the epoch; undefined: it answers. @type {number | undefined} */
let silentSince
/** The gateway's name, for the title of the page. */
let gatewayName = ''

// ── Login ──────────────────────────────────────────────────────────────────────────────────────────────────

/** Asks whether the cookie is still valid: opens the views if so, the login if not. */
async function start() {
  if (logInByAddress()) return
  try {
    enter(await recall())
  } catch (error) {
    if (error instanceof CallError && error.isAbsence) {
      showStatus('absent', error.message)
      setTimeout(start, pulseEvery)
    } else {
      showLogin()
    }
  }
}

/** Logs in with the token in the address, and takes it out of there. Returns false if there is none. */
function logInByAddress() {
  const token = /^#token=(.+)$/.exec(location.hash)?.[1]
  if (token === undefined) return false
  // The token must not stay in the address, where it would be seen and kept in the history.
  window.history.replaceState(null, '', './')
  showLogin({ token: decode(token) })
  return true
}

/** @param {{ token?: string, why?: string }} [given] `token`: tried at once. `why`: what the user is told */
function showLogin(given) {
  pulse?.stop()
  for (const id of ['nav', 'log-out', 'read-only']) find(id).hidden = true
  showStatus('none', '')
  showView(openLogin(enter, given))
}

/** @param {LoginAnswer} login */
function enter(login) {
  showLoginState(login)
  for (const id of ['nav', 'log-out']) find(id).hidden = false
  pulse?.stop()
  pulse = poll({ every: pulseEvery, read: () => read('overview'), got: beat, failed: miss })
  route()
}

/** @param {LoginAnswer} login */
function showLoginState({ frontendId, version, readOnly, inCluster }) {
  gatewayName = frontendId
  setText(find('about'), frontendId)
  setText(find('version'), version)
  find('read-only').hidden = !readOnly
  find('to-cluster').hidden = !inCluster
}

find('log-out').addEventListener('click', async () => {
  if (await attempt('Logged out.', logOut)) showLogin()
})

onSignedOut(why => showLogin({ why }))

// ── The pulse ──────────────────────────────────────────────────────────────────────────────────────────────

/** @param {Overview} overview */
function beat(overview) {
  const { last } = history
  // After a restart the options may be others; a gateway that has just started joins its cluster later.
  const isOther = last !== undefined && overview.uptime < last.uptime
  if (isOther || isInCluster() !== (overview.cluster !== null)) recall().then(showLoginState, () => {})
  silentSince = undefined
  history.add(overview)
  const problems = overview.diagnosis.length
  const isGrave = overview.diagnosis.some(({ severity }) => severity === 'error')
  if (problems === 0) showStatus('well', `Well, up ${formatDuration(overview.uptime)}`)
  else showStatus(isGrave ? 'error' : 'warn', problems === 1 ? '1 problem' : `${problems} problems`)
  view?.pulse?.(history)
}

/** @param {Error} error */
function miss(error) {
  silentSince ??= history.last?.at ?? Date.now()
  showStatus('absent', `No answer since ${formatMoment(silentSince)}: trying again`)
  find('status').title = error.message
}

/**
 * Shows the state of the gateway in the header. Each view but the overview links from it to the diagnosis.
 *
 * @param {'well' | 'warn' | 'error' | 'absent' | 'none'} kind
 * @param {string} text
 */
function showStatus(kind, text) {
  const status = find('status')
  status.className = `status ${kind}`
  status.title = ''
  const link = status.querySelector('a') ?? create('a', { href: '#/overview' })
  if (!link.isConnected) status.replaceChildren(link)
  setText(link, text)
}

// ── The views ──────────────────────────────────────────────────────────────────────────────────────────────

function route() {
  const [, name = 'overview', detail = ''] = /^#\/(\w+)(?:\/(.+))?$/.exec(location.hash) ?? []
  const open = Object.hasOwn(views, name) ? views[name] : undefined
  if (open === undefined) {
    location.replace('#/overview')
    return
  }
  for (const link of find('nav').querySelectorAll('a'))
    if (link.hash === `#/${name}`) link.ariaCurrent = 'page'
    else link.ariaCurrent = null
  const known = kept.get(name)
  const found = known ?? open(decode(detail))
  known?.revisit?.(decode(detail))
  if (found.close === undefined) kept.set(name, found)
  showView(found)
}

/** @param {View} next */
function showView(next) {
  const hadView = view !== undefined
  view?.close?.()
  view = next
  document.title = [next.title, gatewayName, 'Sallyport'].filter(Boolean).join(' · ')
  find('main').replaceChildren(next.element)
  window.scrollTo(0, 0)
  // A screen reader reads on where the focus is, which was in the view that is gone.
  if (hadView) find('main').focus({ preventScroll: true })
  if (history.last !== undefined) next.pulse?.(history)
}

window.addEventListener('hashchange', () => {
  if (!logInByAddress() && location.hash.startsWith('#/')) route()
})
find('skip').addEventListener('click', event => {
  event.preventDefault()
  find('main').focus()
})
startThemeSwitch(() => view?.recolour?.())

await start()
