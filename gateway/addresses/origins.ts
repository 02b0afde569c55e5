/**
 * The origins of pages that may open a WebSocket, checked against the `Origin` of each upgrade.
 *
 * Browsers send that header; other clients need not.
 */
import { errors } from '../../shared/errors.js'

/**
 * Returns an origin in one spelling: scheme and host in lower case, without the scheme's default port.
 * Returns undefined if the text is no origin, as for `null` and URLs with a path.
 */
export function normalizeOrigin(text: string): string | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || url.host === '' || !['', '/'].includes(url.pathname)) return undefined
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') return undefined
  return `${url.protocol}//${url.host.toLowerCase()}`
}

/** Number of origins that can be added to those of the option. */
const maxAdded = 16

export class Origins {
  readonly #all: boolean
  readonly #same: boolean
  /** The origins that the option names, normalized, and `null` if the option names it. */
  readonly #named = new Set<string>()
  /** The origins that were added, oldest first. */
  readonly #added = new Set<string>()

  /**
   * @param list `same`, `*`, `null` and origins, separated by commas
   * @throws `OPTION_INVALID`, which names the invalid entry
   */
  constructor(list: string) {
    const entries = list.split(',').map(each => each.trim())
    this.#all = entries.includes('*')
    this.#same = entries.includes('same')
    for (const entry of entries) {
      if (entry === '*' || entry === 'same') continue
      const origin = entry === 'null' ? entry : normalizeOrigin(entry)
      // No page has such an origin, although they are URLs.
      if (origin === undefined || /^(wss?|ftp):|\*/.test(origin)) throw refuseEntry(entry)
      this.#named.add(origin)
    }
  }

  /** Allows one more origin. Of more than 16 that were added, the oldest are forgotten. */
  add(origin: string): void {
    const normal = normalizeOrigin(origin)
    if (normal === undefined) return
    this.#added.delete(normal)
    this.#added.add(normal)
    for (const oldest of this.#added) if (this.#added.size > maxAdded) this.#added.delete(oldest)
  }

  /**
   * Whether a page of this origin may connect. A client that sends no origin is not a browser, and may always
   * connect.
   */
  allows(origin: string | undefined, host: string | undefined): boolean {
    if (origin === undefined || this.#all) return true
    const normal = origin === 'null' ? origin : normalizeOrigin(origin)
    if (normal === undefined) return false
    return this.#named.has(normal) || this.#added.has(normal) || (this.#same && isSame(normal, host))
  }
}

/**
 * Whether the page's host is the host of the request. The scheme is not compared, since a proxy in front may
 * use another one than the gateway.
 */
function isSame(origin: string, host: string | undefined): boolean {
  const scheme = /^https?:/.exec(origin)?.[0]
  return scheme !== undefined && host !== undefined && normalizeOrigin(`${scheme}//${host}`) === origin
}

function refuseEntry(entry: string): Error {
  return errors.optionInvalid(
    'Expected `origins` to be same, *, null, or origins of pages such as https://game.example, which have no path and' +
      ` are no patterns, with commas between them, got ${JSON.stringify(entry)}`
  )
}
