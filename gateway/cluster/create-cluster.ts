/**
 * Joins a cluster: makes the parts of a gateway that belong to it, in order, and ends them if the join fails.
 *
 * Loaded only if there is a cluster.
 */

import { errors } from '../../shared/errors.js'
import { ClaimedBinds, type ClaimedSessions } from '../sessions/user-claims.js'
import { version } from '../telemetry/version.js'
import type { Bus } from './bus/bus.js'
import { orClosing } from './bus/or-closing.js'
import { ClusterClaims } from './claims/cluster-claims.js'
import { questionsVersion } from './claims/questions.js'
import { Cluster, type ClusterInit } from './cluster.js'
import { Joining } from './joining.js'
import { processTiming } from './link/link-host.js'
import { linkVersions } from './link/messages.js'
import { leastBytes } from './link/pieces.js'
import { LoadMeter } from './load-meter.js'
import { alikeOf } from './members/alike-options.js'
import { createMembers } from './members/create-members.js'
import type { Members } from './members/members.js'
import { createStock } from './moves/create-moves.js'
import type { GatewayStock } from './moves/gateway-stock.js'
import { Parking } from './parking/parking.js'
import { ThroughStore } from './parking/through-store.js'

/**
 * Joins the cluster. Resolves when this gateway is a member.
 *
 * @throws `NATS_FAILED`, `OPTION_INVALID`, `FRONTEND_TAKEN`, `CLUSTER_INCOMPATIBLE`, `CLUSTER_UNAVAILABLE`,
 * `CLOSING` after the signal
 */
export async function createCluster(init: ClusterInit): Promise<Cluster> {
  const joining = new Joining(init.signal)
  try {
    const bus = init.bus ?? (await joining.connect(init.options))
    return await joinBy(bus, init, joining.signal)
  } finally {
    joining.end()
  }
}

/** @throws `NATS_FAILED` if the messages of NATS are too small for the cluster */
function expectRoom({ maxBytes }: Bus): void {
  if (maxBytes >= leastBytes) return
  throw errors.natsFailed(
    `NATS takes messages of at most ${maxBytes} bytes (max_payload); the cluster needs ${leastBytes} at least`
  )
}

async function joinBy(bus: Bus, init: ClusterInit, signal: AbortSignal): Promise<Cluster> {
  const { options, targets } = init
  const meter = new LoadMeter(init.readLoad)
  /** Ends what has begun, the last first, if the join fails. */
  const ends: (() => unknown)[] = [() => meter.close(), () => bus.close()]
  try {
    expectRoom(bus)
    const members = await createMembers({
      ...options,
      claimsVersion: options.singleSession === 'off' ? undefined : questionsVersion,
      bus,
      version,
      protocol: linkVersions,
      signal,
      metrics: targets.metrics,
      alike: alikeOf(options),
      load: () => meter.read()
    })
    ends.unshift(() => members.leave())
    const claims = await claimUsers(init, bus, members, signal)
    ends.unshift(() => claims?.close())
    const stock = createStock(init.parts, options, claims)
    const parking = await openParking(init, bus, members, stock, signal)
    if (claims !== undefined && parking !== undefined) claims.kept = parking.restarts
    const cluster = new Cluster(init, { bus, meter, members, claims, stock, parking })
    ends.unshift(() => cluster.leave())
    // By then NATS has refused what it will refuse.
    await orClosing(bus.flush(), signal)
    return cluster
  } catch (error) {
    for (const end of ends) await end()
    throw error
  }
}

/** Has users claimed before sessions are bound to them, if a user may have only one session. */
async function claimUsers(
  { options, targets }: ClusterInit,
  bus: Bus,
  members: Members,
  signal: AbortSignal
): Promise<ClusterClaims | undefined> {
  const { registry, metrics } = targets
  const { singleSession: mode } = options
  if (mode === 'off') return undefined
  const sessions: ClaimedSessions = { giveUp: (uid, sid, by) => registry.claimed!.giveUp(uid, sid, by) }
  const claims = new ClusterClaims({ ...options, bus, members, sessions, mode, metrics })
  registry.claimed = new ClaimedBinds({ claims, registry, mode })
  await orClosing(claims.open(), signal).catch(error => {
    claims.close()
    throw error
  })
  return claims
}

/** Opens the store of sessions, if there is to be one. Then awaited changes may wait for it. */
async function openParking(
  { options, targets, parts: { resumption } }: ClusterInit,
  bus: Bus,
  members: Members,
  stock: GatewayStock,
  signal: AbortSignal
): Promise<Parking | undefined> {
  const { replicate, park, clusterTimeout } = options
  if (replicate === 'none' && !park) return undefined
  const { registry, metrics } = targets
  const timing = processTiming
  const parking = new Parking({ options, bus, members, registry, resumption, stock, metrics, timing })
  await orClosing(parking.open(), signal).catch(async error => {
    await parking.close(0)
    throw error
  })
  targets.kicks = parking.kicks
  if (replicate === 'through') {
    const store = new ThroughStore({ write: parking.write, timing, clusterTimeout })
    targets.store = store
    resumption.keep = session => store.keep(session)
  }
  return parking
}
