/**
 * The hello of a gateway: who it is, how it is, and which versions of the links' protocol it speaks.
 *
 * Hellos come from outside: `parseHello` survives any bytes. A later version may add members, which are
 * skipped here; it never changes the meaning of one.
 */
import { type AlikeOptions, readAlike } from './alike-options.js'
import type { MemberLoad, MemberState } from './membership.js'

/** The versions of the links' protocol that a gateway speaks. */
export interface ProtocolRange {
  readonly least: number
  readonly most: number
}

export interface Hello {
  readonly frontendId: string
  readonly start: number
  /** `left`: the gateway has given up its lease, and ends. */
  readonly state: MemberState | 'left'
  readonly version: string
  readonly protocol: ProtocolRange
  /** Number of the last renewal of its lease that counted; 0: it has no lease. */
  readonly renewal: number
  readonly load: MemberLoad
  /** Its options that all gateways should have alike. */
  readonly alike: AlikeOptions
  /** Version of the questions about claims that it answers. undefined: none, or an older version. */
  readonly claimsVersion?: number | undefined
  /** Whether it has just come, so that all others say hello at once. */
  readonly greets: boolean
}

/** Longest hello that is read, in bytes. */
const mostBytes = 4_096

const states: readonly string[] = ['up', 'draining', 'degraded', 'left'] satisfies Hello['state'][]

export function formatHello({ alike, ...hello }: Hello): Buffer {
  return Buffer.from(JSON.stringify({ ...hello, ...alike }))
}

/** Returns undefined for what no gateway writes. */
export function parseHello(bytes: Buffer): Hello | undefined {
  if (bytes.length > mostBytes) return undefined
  let value: unknown
  try {
    value = JSON.parse(bytes.toString())
  } catch {
    return undefined
  }
  if (!isRecord(value) || !isRecord(value.protocol) || !isRecord(value.load)) return undefined
  const { frontendId, start, state, version, renewal, protocol, load, claimsVersion } = value
  if (!isName(frontendId) || !isName(version) || !isState(state)) return undefined
  if (!isCount(start) || start === 0 || !isCount(renewal)) return undefined
  const { least, most } = protocol
  if (!isCount(least) || !isCount(most) || least > most) return undefined
  return {
    frontendId,
    start,
    state,
    version,
    protocol: { least, most },
    renewal,
    load: {
      connections: figure(load.connections),
      sessions: figure(load.sessions),
      queueDelay: figure(load.queueDelay),
      eventLoopDelay: figure(load.eventLoopDelay),
      heapUsed: figure(load.heapUsed)
    },
    alike: readAlike(value),
    ...(isCount(claimsVersion) ? { claimsVersion } : {}),
    greets: value.greets === true
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && Buffer.byteLength(value) <= 256
}

function isState(value: unknown): value is Hello['state'] {
  return typeof value === 'string' && states.includes(value)
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}

function figure(value: unknown): number {
  return typeof value === 'number' && value >= 0 ? value : 0
}
