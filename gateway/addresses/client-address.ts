/**
 * Where a client is: its address in one spelling, also where proxies stand in front and say whom they have
 * seen; and under which key connections of one address are counted. Believes no text that it can't read.
 */
import type { IncomingHttpHeaders } from 'node:http'
import { isIP } from 'node:net'

/**
 * An address in one spelling, without a zone: an IPv4 address that is mapped into IPv6 (RFC 4291 §2.5.5.2),
 * as sockets that listen on `::` have it, is the IPv4 one. undefined: it is none.
 */
export function normalizeAddress(text: string): string | undefined {
  const [bare = ''] = text.split('%', 1)
  const version = isIP(bare)
  if (version === 0) return undefined
  if (version === 4) return bare
  const groups = expandGroups(bare)
  const isMapped = groups.slice(0, 5).every(group => group === 0) && groups[5] === 0xffff
  if (!isMapped) return new URL(`http://[${bare}]`).hostname.slice(1, -1)
  return [groups[6]! >> 8, groups[6]! & 255, groups[7]! >> 8, groups[7]! & 255].join('.')
}

/**
 * What a client's address is counted as, of a normalized one: IPv6 by its /64, which is the least that a
 * subscriber gets (RFC 6177), and so is one client's to choose addresses from.
 */
export function addressKey(address: string): string {
  if (!address.includes(':')) return address
  const network = expandGroups(address).slice(0, 4)
  return `${network.map(group => group.toString(16)).join(':')}::/64`
}

/**
 * The client's address as the outermost of the trusted proxies has seen it. `X-Forwarded-For` counts where it
 * is there, and `Forwarded` (RFC 7239) where it is not. undefined: what stands there is no address, or
 * nothing does.
 */
export function readForwarded(headers: IncomingHttpHeaders, trustedProxies: number): string | undefined {
  const forwardedFor = headers['x-forwarded-for']
  const nodes =
    forwardedFor === undefined
      ? splitForwarded(headers.forwarded ?? '')
      : splitList(Array.isArray(forwardedFor) ? forwardedFor.join(',') : forwardedFor)
  // What stands further left the client itself can have written.
  const node = nodes.at(-trustedProxies) ?? nodes[0]
  return node === undefined ? undefined : parseNode(node)
}

/**
 * The address in what a proxy calls a client: with or without a port, an IPv6 one with or without brackets,
 * in quotes or not. undefined for `unknown`, for a name that hides one (`_hidden`), and for whatever else
 * (RFC 7239 §6).
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
 * One parameter of an element, with what ends it: `for="[2001:db8::1]:4711";`. Either side may be missing.
 */
const parameter = /\s*(?:([\w!#$%&'*+.^`|~-]+)=("(?:[^"\\]|\\.)*"|[^\s",;]*)\s*)?([,;]|$)/y

/**
 * The `for` of each element; '' of one that has none. No element at all where the header is not as RFC 7239
 * §4 has it.
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

/** The eight numbers of an IPv6 address. */
function expandGroups(address: string): number[] {
  // The last two may be written as an IPv4 address: `::ffff:192.0.2.1`.
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
