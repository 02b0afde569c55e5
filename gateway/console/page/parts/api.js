/**
 * The console's API: calls, their errors in words, downloads, and who is logged in.
 *
 * All addresses are relative, for proxies that serve the console below a path of their own. So is the cookie's
 * path, which the browser takes from the address of the login.
 */

/** @import { ApiError, LoginAnswer } from '../../api/console-api.js' */

/** The failure of a call. `status`: 0 if there was no answer at all. */
export class CallError extends Error {
  /**
   * @param {number} status
   * @param {string} code
   * @param {string} message
   */
  constructor(status, code, message) {
    super(message)
    this.status = status
    this.code = code
  }

  /** Whether the gateway did not answer, as opposed to an answer that refuses. */
  get isAbsence() {
    return this.status === 0 || this.status === 502 || this.status === 503 || this.status === 504
  }
}

/** The answer to the login; undefined: nobody is logged in. @type {LoginAnswer | undefined} */
let login

/**
 * The token of the login, for as long as this page is open: a gateway that was started again knows no logins,
 * and the page logs in again by itself. undefined: the login came with the cookie, or the token is wrong now.
 *
 * @type {string | undefined}
 */
let token
/** The login that is made again, for all calls that wait for it. @type {Promise<LoginAnswer> | undefined} */
let again

/** Called when a call has found that the login is over. @type {(why: string) => void} */
let signedOut = () => {}

/** @param {(why: string) => void} listener `why`: a sentence for the login; '' if it needs none */
export function onSignedOut(listener) {
  signedOut = listener
}

export function isReadOnly() {
  return login?.readOnly ?? true
}

/** Whether the gateway is one of a cluster. */
export function isInCluster() {
  return login?.inCluster ?? false
}

/** Longest time in milliseconds that an answer may take, beside that of a download. */
const patience = 10_000

/**
 * @param {string} given
 * @returns {Promise<LoginAnswer>}
 */
export async function logIn(given) {
  login = await (await ask('POST', 'login', { token: given })).json()
  token = given
  return /** @type {LoginAnswer} */ (login)
}

/** Returns the login of the cookie, if it is still valid. @returns {Promise<LoginAnswer>} */
export async function recall() {
  login = await (await call('GET', 'me')).json()
  return /** @type {LoginAnswer} */ (login)
}

export async function logOut() {
  await call('POST', 'logout', {})
  login = token = undefined
}

/**
 * Reads an address. The type of the answer is that of the address.
 *
 * @template Answer
 * @param {string} path below `api/`
 * @param {Record<string, string | number | undefined>} [query] members that are '' or undefined are left out
 * @returns {Promise<Answer>}
 */
export async function read(path, query = {}) {
  const asked = new URLSearchParams()
  for (const [name, value] of Object.entries(query))
    if (value !== undefined && value !== '') asked.set(name, String(value))
  const text = asked.toString()
  return (await call('GET', text === '' ? path : `${path}?${text}`)).json()
}

/**
 * Makes a change.
 *
 * @param {string} path below `api/`
 * @param {object} [body]
 */
export async function change(path, body = {}) {
  await call('POST', path, body)
}

/**
 * Makes a call whose answer is a file, and saves it.
 *
 * @param {string} path below `api/`
 * @param {object} body
 * @param {string} name the file's name, where the answer has none
 * @returns {Promise<{ name: string, size: number }>}
 */
export async function download(path, body, name) {
  const response = await call('POST', path, body, 10 * 60_000)
  const named = /filename="([^"]+)"/.exec(response.headers.get('content-disposition') ?? '')?.[1] ?? name
  const blob = await response.blob()
  const link = document.createElement('a')
  link.href = URL.createObjectURL(blob)
  link.download = named
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000)
  return { name: named, size: blob.size }
}

/**
 * Makes a call. Where the login is over, it logs in again and makes the call once more.
 *
 * @param {'GET' | 'POST'} method
 * @param {string} path
 * @param {object} [body]
 * @param {number} [timeout]
 * @returns {Promise<Response>}
 * @throws {CallError}
 */
async function call(method, path, body, timeout) {
  const asked = login
  try {
    return await ask(method, path, body, timeout)
  } catch (error) {
    const isLoginOver = hasCode(error, 'UNAUTHORIZED') || hasCode(error, 'CSRF')
    if (!isLoginOver || asked === undefined) throw error
    // Another call may have logged in meanwhile, or out.
    if (login === undefined) throw error
    if (login === asked) await logInAgain(/** @type {CallError} */ (error))
  }
  try {
    return await ask(method, path, body, timeout)
  } catch (error) {
    // Each login ends the oldest one of many, which may be somebody else's: never try in a circle.
    if (hasCode(error, 'UNAUTHORIZED')) signOut(noCookie)
    throw error
  }
}

const noCookie = 'The token is right, but the browser keeps no cookie of this page. Allow cookies for it.'

/**
 * Logs in with the token that is known. Ends the login if there is none, or if it is wrong now.
 *
 * @param {CallError} refused
 * @throws {CallError} `refused`, or why the gateway can't say now whether the token is right
 */
async function logInAgain(refused) {
  if (token !== undefined) {
    again ??= logIn(token).finally(() => {
      again = undefined
    })
    try {
      await again
      return
    } catch (error) {
      if (!hasCode(error, 'UNAUTHORIZED')) throw error
    }
  }
  signOut('')
  throw refused
}

/** @param {string} why */
function signOut(why) {
  const wasLoggedIn = login !== undefined
  login = token = undefined
  if (wasLoggedIn) signedOut(why)
}

/** @param {unknown} error @param {string} code */
function hasCode(error, code) {
  return error instanceof CallError && error.code === code
}

/**
 * @param {'GET' | 'POST'} method
 * @param {string} path
 * @param {object} [body]
 * @param {number} [timeout]
 * @returns {Promise<Response>}
 * @throws {CallError}
 */
async function ask(method, path, body, timeout = patience) {
  /** @type {Record<string, string>} */
  const headers = {}
  if (body !== undefined) headers['content-type'] = 'application/json'
  if (method === 'POST' && login !== undefined) headers['x-sallyport-csrf'] = login.csrf
  /** @type {Response} */
  let response
  try {
    response = await fetch(`./api/${path}`, {
      method,
      headers,
      body: body === undefined ? null : JSON.stringify(body),
      cache: 'no-store',
      signal: AbortSignal.timeout(timeout)
    })
  } catch (error) {
    const why =
      /** @type {Error} */ (error).name === 'TimeoutError' ? 'did not answer in time' : 'does not answer'
    throw new CallError(0, 'NO_ANSWER', `The gateway ${why}. It may be down, or starting.`)
  }
  if (!response.ok) throw await readError(response)
  return response
}

/** @param {Response} response */
async function readError(response) {
  const { status } = response
  const answer = /** @type {ApiError | undefined} */ (await response.json().catch(() => undefined))
  const { code = '', message = '' } = answer?.error ?? {}
  return new CallError(status, code, message || `The gateway has answered with the status ${status}.`)
}
