/** Links of several gateways over one network in a test, with a list of what each has taken in. */

import type { LocalBus } from '../../gateway/cluster/bus/local-bus.js'
import { LocalNetwork } from '../../gateway/cluster/bus/local-network.js'
import { subjectsOf } from '../../gateway/cluster/bus/subjects.js'
import { ClusterLinks } from '../../gateway/cluster/link/cluster-links.js'
import type { Link } from '../../gateway/cluster/link/links.js'
import { Metrics } from '../../gateway/telemetry/metrics.js'
import { createLogger, type LogFields } from '../../shared/text/log.js'
import { VirtualTime } from './virtual-time.js'

export const testSubjects = subjectsOf('test')

export interface LinkLimits {
  readonly window?: number
  readonly queueBytes?: number
}

/** The links of one gateway. */
export class LinkedGateway {
  readonly name: string
  readonly start: number
  readonly bus: LocalBus
  readonly links: ClusterLinks
  readonly metrics = new Metrics()
  /** Lines of the log. */
  readonly lines: { readonly message: string; readonly fields: LogFields | undefined }[] = []
  /** Links that began and ended, as `+a` and `-a`. */
  readonly changes: string[] = []

  constructor(
    { network, time }: LinkedGateways,
    name: string,
    start: number,
    { window = 1_048_576, queueBytes = 16_777_216 }: LinkLimits = {}
  ) {
    this.name = name
    this.start = start
    this.bus = network.join(name)
    this.links = new ClusterLinks({
      bus: this.bus,
      subjectOf: testSubjects.link,
      allSubject: testSubjects.all,
      log: createLogger('trace', (_level, message, fields) => this.lines.push({ message, fields })),
      metrics: this.metrics,
      window,
      queueBytes,
      timing: time.timing
    })
    this.links.watch({
      linkUp: link => this.changes.push(`+${link.frontendId}`),
      linkDown: link => this.changes.push(`-${link.frontendId}`)
    })
    this.links.begin(start)
  }

  /** The link to another gateway. */
  to(other: LinkedGateway): Link {
    return this.links.ofStart(other.start)!
  }
}

/** A network with gateways, by a clock of its own. */
export class LinkedGateways {
  readonly time = new VirtualTime()
  /** Errors of listeners of the bus, which the links must not let through to it. */
  readonly busErrors: unknown[] = []
  readonly network = new LocalNetwork({
    now: this.time.monotonic,
    schedule: this.time.schedule,
    log: { error: (message, fields) => this.busErrors.push([message, fields]), warn() {} }
  })
  readonly #apart: number
  #lastStart = 0

  /** @param apart how far the numbers of starts are from each other */
  constructor(apart = 1) {
    this.#apart = apart
  }

  /** Makes a gateway that is linked to nobody. */
  make(name: string, limits?: LinkLimits): LinkedGateway {
    return new LinkedGateway(this, name, (this.#lastStart += this.#apart), limits)
  }

  /** Makes gateways that are linked to each other. */
  link(names: readonly string[], limits?: LinkLimits): LinkedGateway[] {
    const all = names.map(name => this.make(name, limits))
    for (const one of all) {
      for (const { name: frontendId, start } of all)
        if (start !== one.start) one.links.add({ frontendId, start })
    }
    this.time.pass(5)
    return all
  }
}
