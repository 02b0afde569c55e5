/** The subjects and logs of a cluster, by its name. */

/** Returns a text as one token of a subject or a key: any text becomes letters, digits, `-` and `_`. */
export function tokenOf(text: string): string {
  return Buffer.from(text).toString('base64url')
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
