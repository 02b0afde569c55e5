/**
 * The host names under which the gateway is served, checked against the `Host` of each request.
 *
 * The check stops DNS rebinding: an attacker makes the name of a foreign page resolve to this machine. The
 * browser then treats the gateway as the page's own host, but its requests still carry the foreign name.
 */
import { isIP } from 'node:net'
import { errors } from '../../shared/errors.js'
import { normalizeAddress } from './client-address.js'

/**
 * Returns the name in a `Host` header or in an entry of the option `hosts`, in lower case, without a port or
 * a final dot; undefined if the text is no host name.
 */
export function readHostName(text: string): string | undefined {
  const address = `http://${text}`
  if (text === '' || /[\s/\\?#@]/.test(text) || !URL.canParse(address)) return undefined
  const name = new URL(address).hostname.replace(/\.$/, '')
  return name === '' ? undefined : name
}

/** Whether a name or an address is a loopback one: RFC 6761 §6.3, RFC 1122 §3.2.1.3. */
export function isLoopback(name: string): boolean {
  const address = normalizeAddress(name.replace(/^\[|\]$/g, ''))
  if (address !== undefined) return address === '::1' || address.startsWith('127.')
  return name === 'localhost' || name.endsWith('.localhost')
}

export class Hosts {
  readonly #all: boolean
  readonly #loopback: boolean
  readonly #named = new Set<string>()

  /**
   * @param list `auto`, `loopback`, `*` and names, separated by commas. `auto` is `loopback` if the gateway
   * listens on a loopback address, else `*`
   * @param listensOn the option `host`
   * @throws `OPTION_INVALID`, which names the invalid entry
   */
  constructor(list: string, listensOn: string) {
    const defaultEntry = isLoopback(listensOn.toLowerCase()) ? 'loopback' : '*'
    const entries = list.split(',').map(each => (each.trim() === 'auto' ? defaultEntry : each.trim()))
    this.#all = entries.includes('*')
    this.#loopback = entries.includes('loopback')
    for (const entry of entries) {
      if (entry === '*' || entry === 'loopback') continue
      const name = isIP(entry) === 6 ? `[${entry}]` : entry
      const normal = readHostName(name)
      if (normal === undefined || /\*|:\d+$/.test(name)) throw refuseEntry(entry)
      this.#named.add(normal)
    }
  }

  /**
   * Whether a request with this `Host` is served. One without `Host` is served, since no browser sends one:
   * only HTTP/1.0 allows it, and never an upgrade, which UpgradePolicy refuses.
   */
  serves(host: string | undefined): boolean {
    if (this.#all || host === undefined) return true
    const name = readHostName(host)
    return name !== undefined && ((this.#loopback && isLoopback(name)) || this.#named.has(name))
  }
}

function refuseEntry(entry: string): Error {
  return errors.optionInvalid(
    'Expected `hosts` to be auto, loopback, *, or names such as game.example, which have no port and are no patterns,' +
      ` with commas between them, got ${JSON.stringify(entry)}`
  )
}
