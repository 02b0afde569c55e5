/**
 * Faulty variants of the claims, which a race must find out: the same code over a bus that leaves out a step.
 */
import type { Bus, Entry } from '../../../gateway/cluster/bus/bus.js'
import { logsOf } from '../../../gateway/cluster/bus/subjects.js'

/**
 * `no-look`: a claim is held once its entry was acked. `no-certificate`: who finds a lease over takes it for
 * dead without telling its holder. `no-lease-look`: a renewal counts once it was acked. `cas`: claims by
 * compare-and-set instead of append and look.
 */
export const variants = ['none', 'no-look', 'no-certificate', 'no-lease-look', 'cas'] as const

export type Variant = (typeof variants)[number]

/** Returns a bus that leaves out what a variant leaves out. */
export function leaveOut(bus: Bus, cluster: string, variant: Variant): Bus {
  const logs = logsOf(cluster)
  const isClaims = (log: string) => log.startsWith(logs.claims(0).slice(0, -1))
  const isCertificate = (bytes: Uint8Array) => Buffer.from(bytes).toString('latin1').startsWith('certificate')
  /** What stands in for the answers of the log. */
  const own = new Map<string, Entry>()
  return {
    get isUp() {
      return bus.isUp
    },
    get maxBytes() {
      return bus.maxBytes
    },
    publish: (subject, bytes) => bus.publish(subject, bytes),
    subscribe: (subject, listener) => bus.subscribe(subject, listener),
    ask: (subject, bytes, ms) => bus.ask(subject, bytes, ms),
    makeLog: log => bus.makeLog(log),
    madeAt: log => bus.madeAt(log),
    remove: (log, number) => bus.remove(log, number),
    onState: listener => bus.onState(listener),
    flush: () => bus.flush(),
    close: () => bus.close(),
    async append(log, key, bytes) {
      if (variant === 'no-certificate' && log === logs.leases && isCertificate(bytes)) {
        own.set(`${log} ${key}`, { number: Number.MAX_SAFE_INTEGER, bytes: Buffer.from(bytes) })
        return Number.MAX_SAFE_INTEGER
      }
      const number = await bus.append(log, key, bytes)
      const skips =
        (variant === 'no-look' && isClaims(log)) || (variant === 'no-lease-look' && log === logs.leases)
      if (skips && number !== undefined) own.set(`${log} ${key}`, { number, bytes: Buffer.from(bytes) })
      return number
    },
    async first(log, key, from) {
      const entry = own.get(`${log} ${key}`)
      if (entry !== undefined && variant === 'no-look') return entry
      // The own renewal is all that is seen; the entries of others are read.
      const isRenewal = entry !== undefined && !isCertificate(entry.bytes)
      if (isRenewal && variant === 'no-lease-look') return entry
      const found = await bus.first(log, key, from)
      return found === null && variant === 'no-certificate' ? (entry ?? null) : found
    }
  }
}
