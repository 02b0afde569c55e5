/** The subjects and logs of a cluster, by its name. */
import { createHash } from 'node:crypto'

/** Returns a text as one token of a subject or a key: any text becomes letters, digits, `-` and `_`. */
export function tokenOf(text: string): string {
  return Buffer.from(text).toString('base64url')
}

/** Returns what fits all subjects of a cluster, as NATS' permissions write it. */
export function subjectOfAll(cluster: string): string {
  return `sp.${tokenOf(cluster)}.>`
}

/** The subjects of the cluster with this name. `start`: a gateway's start number. */
export function subjectsOf(cluster: string) {
  const prefix = `sp.${tokenOf(cluster)}`
  return {
    /** Messages of the links to one start. */
    link: (start: number) => `${prefix}.g.${start}`,
    /** Messages for all gateways. */
    all: `${prefix}.all`,
    hello: `${prefix}.hello`,
    /** Asks whether a start number is in use: a living start answers. */
    who: (start: number) => `${prefix}.who.${start}`,
    /** Asks for the greatest start number that is known: each member answers. */
    known: `${prefix}.known`,
    /** Answers to one process. */
    answers: (process: string) => `${prefix}.in.${process}`,
    /** Questions about claims, to one start. */
    ask: (start: number) => `${prefix}.ask.${start}`,
    /** Questions of the console of another gateway, to one start. */
    look: (start: number) => `${prefix}.look.${start}`
  }
}

/** The names of the cluster's logs. */
export function logsOf(cluster: string) {
  const prefix = `sp-${tokenOf(cluster)}`
  return {
    starts: `${prefix}-starts`,
    /** Renewals of leases, and certificates of death. */
    leases: `${prefix}-leases`,
    claims: (index: number) => `${prefix}-claims-${index}`,
    parked: `${prefix}-parked`
  }
}

/**
 * Returns a function that says whether a subject belongs to the links of a cluster. They have a connection of
 * their own, so that nothing else waits behind them.
 */
export function makeLinkTest(cluster: string): (subject: string) => boolean {
  const { all } = subjectsOf(cluster)
  const prefix = `sp.${tokenOf(cluster)}.g.`
  return subject => subject.startsWith(prefix) || subject === all
}

/** Returns the subject of a log's entries with a key; without one, that of all its entries. */
export function subjectOfEntry(cluster: string, log: string, key?: string): string {
  return `sp.${tokenOf(cluster)}.log.${log}.${key === undefined ? '*' : tokenOfKey(key)}`
}

/** Bytes of the longest key that stands in its subject; of a longer one, only its hash does. */
const longestKey = 256

/** The letter in front makes a token of an empty key too, and keeps keys and hashes apart. */
function tokenOfKey(key: string): string {
  if (Buffer.byteLength(key) <= longestKey) return `k${tokenOf(key)}`
  return `h${createHash('sha256').update(key).digest('base64url')}`
}
