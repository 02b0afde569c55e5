/** From which pages a WebSocket may be opened: by the `Origin` that browsers send, and nobody else has to. */
import { errors } from '../../shared/errors.js'

/**
 * An origin in one spelling: scheme and host in small letters, and no port where it is the scheme's own.
 * undefined for what is none, `null` and what is longer than an origin included.
 */
export function normalizeOrigin(text: string): string | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || url.host === '' || !['', '/'].includes(url.pathname)) return undefined
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') return undefined
  return `${url.protocol}//${url.host.toLowerCase()}`
}

export class Origins {
  readonly #all: boolean
  readonly #same: boolean
  /** Normalized, and the word `null`. */
  readonly #named = new Set<string>()

  /**
   * @param list `same`, `*`, `null` and origins, with commas between them
   * @throws `OPTION_INVALID`, naming what is no origin
   */
  constructor(list: string) {
    const entries = list.split(',').map(each => each.trim())
    this.#all = entries.includes('*')
    this.#same = entries.includes('same')
    for (const entry of entries) {
      if (entry === '*' || entry === 'same') continue
      const origin = entry === 'null' ? entry : normalizeOrigin(entry)
      if (origin === undefined || /^wss?:/.test(origin)) throw refuseEntry(entry)
      this.#named.add(origin)
    }
  }

  /** Whether a page of this origin may connect; undefined, which is no page, always may. */
  allows(origin: string | undefined, host: string | undefined): boolean {
    if (origin === undefined || this.#all) return true
    const normal = origin === 'null' ? origin : normalizeOrigin(origin)
    if (normal === undefined) return false
    return this.#named.has(normal) || (this.#same && isSame(normal, host))
  }
}

/**
 * Whether the page's host is the one that was asked for. A proxy in front may have another scheme than the
 * gateway.
 */
function isSame(origin: string, host: string | undefined): boolean {
  const scheme = /^https?:/.exec(origin)?.[0]
  return scheme !== undefined && host !== undefined && normalizeOrigin(`${scheme}//${host}`) === origin
}

function refuseEntry(entry: string): Error {
  return errors.optionInvalid(
    'Expected `origins` to be same, *, null, or origins of pages such as https://game.example, with commas between' +
      ` them, got ${JSON.stringify(entry)}`
  )
}
