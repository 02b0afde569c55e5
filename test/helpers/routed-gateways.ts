/** Gateways of a cluster in one process, without threads and sockets: workers' calls, links, and a bus. */
import type { Test } from 'tap'
import { LocalNetwork } from '../../gateway/cluster/bus/local-network.js'
import { subjectsOf } from '../../gateway/cluster/bus/subjects.js'
import { Interest } from '../../gateway/cluster/interest/interest.js'
import { sidBefore } from '../../gateway/cluster/leases/start-number.js'
import { ClusterLinks } from '../../gateway/cluster/link/cluster-links.js'
import { processTiming } from '../../gateway/cluster/link/link-host.js'
import type { SinceVersions } from '../../gateway/cluster/relays/peer-relay.js'
import { Routing } from '../../gateway/cluster/routing/routing.js'
import type { Session } from '../../gateway/sessions/session.js'
import { createLogger } from '../../shared/text/log.js'
import type { FakeReceiver } from './fake-receiver.js'
import { createLinkPair, type LinkPair, type LinkPairOptions } from './link-pair.js'
import type { VirtualTime } from './virtual-time.js'

export interface RoutedOptions extends LinkPairOptions {
  /** Milliseconds that an operation may take; 300 by default. */
  readonly timeout?: number
  /** Milliseconds that a bind may take; by default as long. */
  readonly bindTimeout?: number
  /** Bytes that may wait for another gateway. */
  readonly queueBytes?: number
  /** A clock for the time limits of operations. Default: the process's. */
  readonly time?: VirtualTime
  /** The versions that have brought operations. Default: those of this release. */
  readonly sinceVersions?: SinceVersions
}

export interface RoutedGateway extends LinkPair {
  readonly name: string
  readonly start: number
  readonly links: ClusterLinks
  readonly routing: Routing
  /** The gateways to which sessions have moved, by number. */
  readonly moved: Map<number, string>
  address(session: Session): { readonly frontendId: string; readonly sid: number }
}

export interface RoutedGateways {
  readonly network: LocalNetwork
  readonly all: readonly RoutedGateway[]
}

const subjects = subjectsOf('test')

/** Starts gateways that are linked to each other. */
export function createRoutedGateways(
  t: Test,
  names: readonly string[],
  {
    timeout = 300,
    bindTimeout = timeout,
    queueBytes = 16_777_216,
    time,
    sinceVersions,
    ...options
  }: RoutedOptions = {}
): RoutedGateways {
  const network = new LocalNetwork()
  const all = names.map((name, index): RoutedGateway => {
    const start = index + 1
    const bus = network.join(name)
    const parts: { links?: ClusterLinks; routing?: Routing } = {}
    const moved = new Map<number, string>()
    const pair = createLinkPair(t, {
      ...options,
      name,
      sidBefore: sidBefore(start),
      route: targets => {
        const links = new ClusterLinks({
          bus,
          subjectOf: subjects.link,
          log: createLogger('silent', () => {}),
          metrics: targets.metrics,
          window: 1_048_576,
          queueBytes
        })
        parts.links = links
        const { registry, channels, metrics } = targets
        const { soon, after, monotonic } = processTiming
        const names = { users: registry.users, channels: channels.members }
        parts.routing = new Routing({
          targets,
          links,
          interest: new Interest({ ...names, links, metrics, soon, after, monotonic }),
          isUp: () => bus.isUp,
          timeout,
          bindTimeout,
          timing: time?.timing ?? processTiming,
          ...(sinceVersions && { sinceVersions }),
          movedTo: sid => moved.get(sid)
        })
        return parts.routing
      }
    })
    const links = parts.links!
    links.begin(start)
    t.teardown(() => links.close(0))
    const address = ({ sid }: Session) => ({ frontendId: name, sid })
    return { ...pair, name, start, links, routing: parts.routing!, moved, address }
  })
  for (const one of all)
    for (const { name: frontendId, start } of all)
      if (start !== one.start) one.links.add({ frontendId, start })
  return { network, all }
}

/** Waits until each gateway knows under which names the others have somebody. */
export async function allKnown({ all }: RoutedGateways): Promise<void> {
  await new Promise<void>(resolve => setImmediate(resolve))
  const links = all.flatMap(({ links }) => links.all)
  await Promise.all(links.map(link => new Promise(resolve => link.whenTakenIn(resolve))))
}

/** Opens a session of the user `red` in the channel `room`, and waits until all gateways know of both. */
export async function openRedInRoom(gateways: RoutedGateways, at: RoutedGateway): Promise<Session> {
  const session = at.open()
  at.registry.bind(session, 'red')
  at.channels.join(session, 'room')
  await allKnown(gateways)
  return session
}

/** Returns the events that a session's client has got. */
export function eventsOf({ receiver }: Session): [name: string, body: string][] {
  return (receiver as FakeReceiver).events
}
