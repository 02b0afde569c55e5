/**
 * Random headers of upgrades that say where they come from, given to the upgrade policy. It must accept or
 * refuse each of them.
 */
import { EventEmitter } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { isIP, type Socket } from 'node:net'
import { UpgradePolicy } from '../../gateway/http/upgrade-policy.js'
import { Metrics } from '../../gateway/telemetry/metrics.js'
import { createLogger } from '../../shared/text/log.js'
import { createRandom } from './inputs.js'

export interface HeadersReport {
  readonly upgrades: number
  readonly entered: number
  /** Number of refusals by status. */
  readonly refusals: Readonly<Record<number, number>>
  /** Upgrades whose proxies named another address than the socket's. */
  readonly forwarded: number
  readonly faults: readonly string[]
  /** Nanoseconds per character of the slowest headers, measured again. */
  readonly dearest: number
}

const mostFaults = 20
const ownAddress = '198.51.100.7'

/** Parts of these headers, and separators between them. */
const pieces = [
  'for=',
  'For="',
  'proto=https',
  ';',
  ',',
  ', ',
  '"',
  '\\',
  '\t',
  '=',
  '[',
  ']',
  ':',
  '%',
  '/',
  '@',
  '.',
  'unknown',
  '_hidden',
  '192.0.2.1',
  '192.0.2.1:5555',
  '999.1.1.1',
  '2001:db8::1',
  '[2001:db8::1]:443',
  '::ffff:192.0.2.1',
  'fe80::1%eth0',
  ':::',
  'null',
  'https://game.example',
  'http://127.0.0.1:80',
  'game.example.',
  'GAME.example:443',
  'xn--',
  'file:',
  '\xe4\xff',
  'a'
]

/** Valid entries, as proxies write them. */
const nodes = [
  '192.0.2.1',
  '192.0.2.1:5555',
  '[2001:db8::1]:443',
  'for=192.0.2.1;proto=https',
  'for="[2001:db8::1]:4711"',
  'for=unknown'
]

function randomHeader(random: () => number): string | undefined {
  if (random() < 0.2) return undefined
  const pick = (from: readonly string[]) => from[Math.floor(random() * from.length)]!
  if (random() < 0.3)
    return [pick(nodes), pick(nodes), pick(nodes)].slice(Math.floor(random() * 3)).join(', ')
  const one = random() < 0.1 ? pick(pieces) : undefined
  const count = random() < 0.1 ? random() * 2_000 : random() * 12
  let text = ''
  for (let i = 0; i < count; i++) text += one ?? pick(pieces)
  return text.trim()
}

/** Passes `upgrades` upgrades to policies with different options. */
export function fuzzHeaders(upgrades: number, seed: number): HeadersReport {
  const random = createRandom(seed)
  const policies = createPolicies()
  const refusals: Record<number, number> = {}
  const faults: string[] = []
  let [entered, forwarded] = [0, 0]
  let dearest = { run: () => {}, length: 1, nanos: 0 }
  for (let i = 0; i < upgrades && faults.length < mostFaults; i++) {
    const policy = policies[i % policies.length]!
    const headers = {
      host: randomHeader(random),
      origin: randomHeader(random),
      forwarded: randomHeader(random),
      'x-forwarded-for': randomHeader(random)
    }
    const request = { headers, socket: { remoteAddress: ownAddress } } as unknown as IncomingMessage
    const run = () => pass(policy, request)
    const start = performance.now()
    try {
      const { address, refusal } = run()
      if (isIP(address) === 0) faults.push(`the address ${address} of ${JSON.stringify(headers)}`)
      if (address !== ownAddress) forwarded++
      if (refusal === undefined) entered++
      else refusals[refusal] = (refusals[refusal] ?? 0) + 1
    } catch (error) {
      faults.push(`${error} of ${JSON.stringify(headers)}`)
    }
    const length = 100 + Object.values(headers).join('').length
    const nanos = ((performance.now() - start) * 1e6) / length
    if (nanos > dearest.nanos) dearest = { run, length, nanos }
  }
  return { upgrades, entered, refusals, forwarded, faults, dearest: costOf(dearest) }
}

/** Measures the slowest headers again. Other work on the machine only adds time, so the minimum counts. */
function costOf({ run, length }: { readonly run: () => void; readonly length: number }): number {
  const times = Array.from({ length: 9 }, () => {
    const start = performance.now()
    run()
    return ((performance.now() - start) * 1e6) / length
  })
  return Math.round(Math.min(...times))
}

/**
 * Judges a request as the listener does. An accepted socket closes at once, so that later ones are not
 * refused because of it.
 */
function pass(policy: UpgradePolicy, request: IncomingMessage): { address: string; refusal?: number } {
  const address = policy.addressOf(request)
  const socket = new EventEmitter()
  const refusal = policy.judgeHost(request) ?? policy.enter(request, socket as Socket, address)
  socket.emit('close')
  return refusal === undefined ? { address } : { address, refusal: refusal.status }
}

function createPolicies(): UpgradePolicy[] {
  const parts = { metrics: new Metrics(), log: createLogger('silent', () => {}), monotonic: () => 0 }
  const numbers = { maxConnectionsPerAddress: 1, maxConnectionsPerSecondPerAddress: 0 }
  const limits = { ...numbers, origins: 'same', host: '127.0.0.1' }
  const kinds = [
    { trustedProxies: 0, hosts: 'auto' },
    { trustedProxies: 1, hosts: '*' },
    { trustedProxies: 2, hosts: 'game.example', origins: 'https://game.example,null' },
    { trustedProxies: 3, hosts: '*', origins: '*' }
  ]
  return kinds.map(kind => new UpgradePolicy({ limits: { ...limits, ...kind }, ...parts }))
}
