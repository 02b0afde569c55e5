/**
 * The address of a client in one spelling, and the key by which its connections are counted.
 *
 * Behind proxies, the address comes from the headers that the proxies add. A text that cannot be parsed is
 * never trusted.
 */
import type { IncomingHttpHeaders } from 'node:http'
import { isIP } from 'node:net'
import { ownText } from '../../shared/text/own-text.js'

/**
 * Returns an address in one spelling, without a zone; undefined if the text is no address. Converts an IPv4
 * address that is mapped into IPv6 (RFC 4291 §2.5.5.2) to plain IPv4: sockets that listen on `::` report such
 * addresses.
 */
export function normalizeAddress(text: string): string | undefined {
  const [bare = ''] = text.split('%', 1)
  const version = isIP(bare)
  if (version === 0) return undefined
  // Kept for as long as its connection, and maybe a part of a header.
  if (version === 4) return ownText(bare)
  const groups = expandGroups(bare)
  const isMapped = groups.slice(0, 5).every(group => group === 0) && groups[5] === 0xffff
  if (!isMapped) return new URL(`http://[${bare}]`).hostname.slice(1, -1)
  return [groups[6]! >> 8, groups[6]! & 255, groups[7]! >> 8, groups[7]! & 255].join('.')
}

/**
 * Returns the key by which a normalized address is counted. The key of an IPv6 address is its /64: a
 * subscriber gets at least this network (RFC 6177), so a single client can choose any address in it.
 */
export function addressKey(address: string): string {
  if (!address.includes(':')) return address
  const network = expandGroups(address).slice(0, 4)
  return `${network.map(group => group.toString(16)).join(':')}::/64`
}

/**
 * Returns the client's address as the outermost trusted proxy has seen it; undefined if the headers have no
 * address. `X-Forwarded-For` is used if it is present, else `Forwarded` (RFC 7239).
 */
export function readForwarded(headers: IncomingHttpHeaders, trustedProxies: number): string | undefined {
  const forwardedFor = headers['x-forwarded-for']
  const nodes =
    forwardedFor === undefined
      ? splitTrusted(headers.forwarded ?? '', trustedProxies)
      : splitList(Array.isArray(forwardedFor) ? forwardedFor.join(',') : forwardedFor)
  // Entries further to the left may have been written by the client itself. If there are fewer entries than
  // proxies, the first one counts.
  const node = nodes.at(-trustedProxies) ?? nodes[0]
  return node === undefined ? undefined : parseNode(node)
}

/**
 * Parses the name that a proxy gives to a client (RFC 7239 §6): with or without a port, an IPv6 address with
 * or without brackets, quoted or not. Returns undefined for `unknown`, for an obfuscated name (`_hidden`),
 * and for anything else.
 */
function parseNode(text: string): string | undefined {
  const bare = /^"(.*)"$/.exec(text)?.[1] ?? text
  const inBrackets = /^\[([^\]]*)\](?::[\w.-]+)?$/.exec(bare)?.[1]
  if (inBrackets !== undefined) return isIP(inBrackets) === 6 ? normalizeAddress(inBrackets) : undefined
  return normalizeAddress(/^([\d.]+):[\w.-]+$/.exec(bare)?.[1] ?? bare)
}

function splitList(text: string): string[] {
  return text
    .split(',')
    .map(each => each.trim())
    .filter(each => each !== '')
}

/**
 * Splits `Forwarded`. If the client has written what violates RFC 7239, such as a quote without an end, only
 * what the trusted proxies have added counts: an element each, at the end.
 */
function splitTrusted(text: string, trustedProxies: number): string[] {
  const nodes = splitForwarded(text)
  if (nodes.length > 0) return nodes
  let at = text.length
  for (let n = 0; n < trustedProxies && at > 0; n++) at = text.lastIndexOf(',', at - 1)
  return at > 0 ? splitForwarded(text.slice(at + 1)) : []
}

/**
 * Matches one parameter of an element and the separator after it: `for="[2001:db8::1]:4711";`. Either part
 * may be missing.
 */
const parameter = /\s*(?:([\w!#$%&'*+.^`|~-]+)=("(?:[^"\\]|\\.)*"|[^\s",;]*)\s*)?([,;]|$)/y

/**
 * Returns the value of `for` of each element, '' for an element without one. Returns an empty array if the
 * header violates RFC 7239 §4.
 */
function splitForwarded(text: string): string[] {
  const nodes: string[] = []
  let node: string | undefined
  let isEmpty = true
  parameter.lastIndex = 0
  while (parameter.lastIndex < text.length) {
    const [whole, name, value = '', end] = parameter.exec(text) ?? []
    if (whole === undefined) return []
    if (name !== undefined) isEmpty = false
    if (name?.toLowerCase() === 'for') node = value.replace(/\\(.)/g, '$1')
    if (end === ';') continue
    if (!isEmpty) nodes.push(node ?? '')
    node = undefined
    isEmpty = true
  }
  if (!isEmpty) nodes.push(node ?? '')
  return nodes
}

/** Returns the eight groups of an IPv6 address as numbers. */
function expandGroups(address: string): number[] {
  // The last two groups may be written as an IPv4 address: `::ffff:192.0.2.1`.
  const [whole = '', ...bytes] = /(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(address) ?? []
  const [a = 0, b = 0, c = 0, d = 0] = bytes.map(Number)
  const tail = whole === '' ? '' : `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`
  const plain = address.slice(0, address.length - whole.length) + tail
  const [left = '', right = ''] = plain.split('::')
  const before = parseGroups(left)
  const after = parseGroups(right)
  const missing = Math.max(0, 8 - before.length - after.length)
  return [...before, ...Array.from({ length: missing }, () => 0), ...after]
}

function parseGroups(text: string): number[] {
  return text === '' ? [] : text.split(':').map(group => Number.parseInt(group, 16))
}
