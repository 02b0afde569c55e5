/**
 * Under which names the gateway is served, by the `Host` of each request. A page of somebody else, whose name
 * was made to lead to this machine (DNS rebinding), has that other name in it, and is of the same host for
 * its browser.
 */
import { isIP } from 'node:net'
import { errors } from '../../shared/errors.js'
import { normalizeAddress } from './client-address.js'

/**
 * The name in a `Host`, or in the option: in small letters, without a port and a dot at its end. undefined:
 * it is none.
 */
export function readHostName(text: string): string | undefined {
  const address = `http://${text}`
  if (text === '' || /[\s/\\?#@]/.test(text) || !URL.canParse(address)) return undefined
  const name = new URL(address).hostname.replace(/\.$/, '')
  return name === '' ? undefined : name
}

/** Whether a name, or an address, is this machine's own for itself: RFC 6761 §6.3, RFC 1122 §3.2.1.3. */
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
   * @param list `auto`, `loopback`, `*` and names, with commas between them. `auto` is `loopback` where the
   * gateway listens
   *   on a loopback address, and `*` elsewhere
   * @param listensOn the option `host`
   * @throws `OPTION_INVALID`, naming what is no name
   */
  constructor(list: string, listensOn: string) {
    const standard = isLoopback(listensOn.toLowerCase()) ? 'loopback' : '*'
    const entries = list.split(',').map(each => (each.trim() === 'auto' ? standard : each.trim()))
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
   * Whether a request for this `Host` is served; undefined, which only HTTP/1.0 and no browser can have, is.
   */
  serves(host: string | undefined): boolean {
    if (this.#all || host === undefined) return true
    const name = readHostName(host)
    return name !== undefined && ((this.#loopback && isLoopback(name)) || this.#named.has(name))
  }
}

function refuseEntry(entry: string): Error {
  return errors.optionInvalid(
    'Expected `hosts` to be auto, loopback, *, or names without a port such as game.example, with commas between them,' +
      ` got ${JSON.stringify(entry)}`
  )
}
