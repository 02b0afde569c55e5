/**
 * Who may use the console: the token, logins by cookie, and the checks against requests of other pages.
 *
 * A login's cookie is useless to scripts (HttpOnly) and to other sites (SameSite=Strict). A changing call by
 * cookie also needs a secret header, which only the page itself knows. A call with the token in the header
 * `authorization` needs neither: no browser sends that by itself. With another scheme than Bearer the header
 * is none of the console's: a proxy has asked for it, and the browser repeats it with each call.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Logger } from '../../shared/text/log.js'
import { csrfHeader } from './api/console-api.js'
import { ApiFailure } from './api-calls.js'

/** Milliseconds for which a login lasts, and the number of logins at the same time: the oldest one ends. */
const loginLasts = 12 * 3_600_000
const mostLogins = 50

/**
 * Wrong tokens of one address, and of all, within a window in milliseconds. After these, no token is looked
 * at until the window ends.
 */
const attempts = { ofAddress: 10, ofAll: 100, window: 60_000 }

export interface AccessInit {
  /** The token, which must not be empty. */
  readonly token: string
  readonly frontendId: string
  readonly log: Pick<Logger, 'warn'>
  readonly monotonic: () => number
}

/** A caller that is let in. */
export interface Caller {
  /** Who it is, for the audit: an IP address, and how it was let in. */
  readonly by: string
  /** The secret of the login; '' for a caller with the token. */
  readonly csrf: string
}

interface Login {
  readonly number: number
  readonly csrf: string
  readonly endsAt: number
}

export class Access {
  readonly #token: Buffer
  readonly #frontendId: string
  readonly #log: AccessInit['log']
  readonly #monotonic: () => number
  /** Logins by the hash of their cookie, the oldest first. */
  readonly #logins = new Map<string, Login>()
  #loginCount = 0
  /** Wrong tokens in this window, by address. */
  readonly #wrong = new Map<string, number>()
  #wrongInAll = 0
  #windowEndsAt = 0

  constructor({ token, frontendId, log, monotonic }: AccessInit) {
    this.#token = digest(token)
    this.#log = log
    this.#monotonic = monotonic
    this.#frontendId = frontendId
  }

  /**
   * Refuses requests that a page of another origin has made.
   *
   * @throws ApiFailure `FORBIDDEN_ORIGIN`
   */
  expectOwnOrigin({ headers: { origin, host, 'sec-fetch-site': site } }: IncomingMessage): void {
    // What the browser itself has found counts, since a proxy may have changed `Host`. It says so over TLS,
    // and to the own machine.
    if (site === 'same-origin') return
    const isOwn = origin === undefined || origin === `http://${host}` || origin === `https://${host}`
    if (isOwn && site !== 'cross-site' && site !== 'same-site') return
    throw new ApiFailure('FORBIDDEN_ORIGIN', 'Pages of other origins may not use the console.')
  }

  /**
   * Begins a login. Returns its caller and the cookie to set.
   *
   * @throws ApiFailure `UNAUTHORIZED`, `TOO_MANY_ATTEMPTS`
   */
  login(request: IncomingMessage, token: string): { readonly caller: Caller; readonly cookie: string } {
    const ip = ipOf(request)
    this.#expectToken(ip, token)
    const secret = randomBytes(32).toString('base64url')
    const login: Login = {
      number: ++this.#loginCount,
      csrf: randomBytes(32).toString('base64url'),
      endsAt: this.#monotonic() + loginLasts
    }
    this.#logins.set(keyOf(secret), login)
    for (const [oldest] of this.#logins) {
      if (this.#logins.size <= mostLogins) break
      this.#logins.delete(oldest)
    }
    const isSecure = request.headers['x-forwarded-proto'] === 'https' ? '; Secure' : ''
    const cookie = `${this.#cookieOf(request)}=${secret}; ${attributes}; Max-Age=${loginLasts / 1_000}${isSecure}`
    return { caller: callerOf(ip, login), cookie }
  }

  /** Ends the login of a request's cookie, if it has one. Returns the cookie that clears it. */
  logout(request: IncomingMessage): string {
    const secret = this.#readCookie(request)
    if (secret !== undefined) this.#logins.delete(keyOf(secret))
    return `${this.#cookieOf(request)}=; ${attributes}; Max-Age=0`
  }

  /**
   * Returns the caller of a request.
   *
   * @throws ApiFailure `UNAUTHORIZED`, `CSRF`, `TOO_MANY_ATTEMPTS`
   */
  admit(request: IncomingMessage): Caller {
    const ip = ipOf(request)
    const bearer = /^Bearer(?: +(.*))?$/i.exec(request.headers.authorization ?? '')
    if (bearer !== null) {
      this.#expectToken(ip, bearer[1] ?? '')
      return { by: `${ip} (token)`, csrf: '' }
    }
    const secret = this.#readCookie(request)
    const login = secret === undefined ? undefined : this.#logins.get(keyOf(secret))
    if (login === undefined || login.endsAt <= this.#monotonic())
      throw new ApiFailure('UNAUTHORIZED', 'Log in with the token of the console.')
    if (request.method === 'POST' && !isSame(`${request.headers[csrfHeader] ?? ''}`, login.csrf))
      throw new ApiFailure('CSRF', `Expected the header ${csrfHeader} to be what the login has answered.`)
    return callerOf(ip, login)
  }

  /** Takes the same time for each wrong token, and looks at few of them. */
  #expectToken(ip: string, token: string): void {
    const now = this.#monotonic()
    if (now >= this.#windowEndsAt) {
      this.#wrong.clear()
      this.#wrongInAll = 0
      this.#windowEndsAt = now + attempts.window
    }
    const wrong = this.#wrong.get(ip) ?? 0
    if (wrong >= attempts.ofAddress || this.#wrongInAll >= attempts.ofAll) {
      const seconds = `${Math.ceil((this.#windowEndsAt - now) / 1_000)}`
      throw new ApiFailure(
        'TOO_MANY_ATTEMPTS',
        `Too many wrong tokens: no token is looked at for another ${seconds} s.`,
        { 'retry-after': seconds }
      )
    }
    if (timingSafeEqual(digest(token), this.#token)) return
    this.#wrong.set(ip, wrong + 1)
    this.#wrongInAll++
    if (wrong + 1 === attempts.ofAddress || this.#wrongInAll === attempts.ofAll) {
      const of = wrong + 1 === attempts.ofAddress ? ip : 'all addresses'
      const seconds = Math.ceil((this.#windowEndsAt - now) / 1_000)
      this.#log.warn('Too many wrong tokens for the console: none is looked at for a while', { of, seconds })
    }
    throw new ApiFailure('UNAUTHORIZED', 'This is not the token of the console.')
  }

  #readCookie(request: IncomingMessage): string | undefined {
    const own = this.#cookieOf(request)
    for (const part of (request.headers.cookie ?? '').split(';')) {
      const [name, value] = part.trim().split('=', 2)
      if (name === own) return value
    }
    return undefined
  }

  /**
   * Returns the name of the cookie. A browser sends the cookies of a host to all its ports, and gateways
   * often have the same name: so the port that the browser knows is a part of it.
   */
  #cookieOf({ headers: { host = '' } }: IncomingMessage): string {
    return `sallyport_${digest(`${this.#frontendId} ${host}`).toString('hex').slice(0, 8)}`
  }
}

/** Without a path the cookie is for the path of the API, also where a proxy has put that elsewhere. */
const attributes = 'HttpOnly; SameSite=Strict'

function callerOf(ip: string, { number, csrf }: Login): Caller {
  return { by: `${ip} (login ${number})`, csrf }
}

function ipOf({ socket }: IncomingMessage): string {
  return socket.remoteAddress ?? 'unknown'
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

function keyOf(secret: string): string {
  return digest(secret).toString('base64')
}

function isSame(a: string, b: string): boolean {
  return timingSafeEqual(digest(a), digest(b))
}
