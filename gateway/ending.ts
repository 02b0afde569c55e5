/** The end of a gateway: closes its parts, in order. */
import { listNames } from '../shared/text/listed.js'
import { withTimeout } from '../shared/with-timeout.js'
import type { Gateway } from './gateway.js'
import type { GatewayParts } from './parts.js'

/** Said of sessions that should have been parked. */
const notParked =
  'Sessions end: their clients did not come back at another gateway in time, and NATS could not keep them'
const notTaken = 'Sessions end whose clients did not come back at another gateway in time'
const noHeirs = 'Sessions end: no other gateway was up to take them over'

/** How much time the end of a gateway leaves to its requests and its clients, in milliseconds. */
export interface EndingTimes {
  /** Time in which requests that wait or run are answered. */
  readonly requests: number
  /** Time over which clients are told to come back; 0: all are closed at once. */
  readonly spread: number
  /** Whether clients may go on with their sessions at other gateways of the cluster. */
  readonly mayMove: boolean
  /** Whether the gateway was up; the log has no word of the end of one that was not. */
  readonly hasStarted: boolean
}

/** Ends a gateway. Resolves when nothing of it is left. */
export async function endGateway(gateway: Gateway, parts: GatewayParts, times: EndingTimes): Promise<void> {
  const { closeTimeout, handoverTimeout, log, monotonic, park } = gateway.options
  const since = monotonic()
  const { core, connections, listener, resumption } = parts
  const { requests, deadlines, hooks, dispatcher, watchdog, pool } = core
  parts.development?.close()
  listener.close()
  parts.cluster?.drain()
  connections.turnAway(times.spread)
  // Even if no other gateway is up yet: one may join while clients are sent on.
  const moves = times.mayMove && parts.cluster !== undefined
  // Clients that go on elsewhere are told so first, while their requests are still taken in: none is refused.
  if (moves) await connections.sendOn(times.spread)
  parts.intake.close()
  hooks.expectClose()
  if (!(await withTimeout(times.requests, requests.idle()))) deadlines.abandon()
  await connections.sendAway(times.spread)
  await connections.close(closeTimeout)
  if (moves) {
    const { parked, hadHeirs } = await parts.cluster!.handOver(handoverTimeout)
    if (parked > 0) log.info('Sessions are parked in NATS, for their clients to resume', { sessions: parked })
    const sessions = core.registry.all()
    if (sessions.length > 0)
      log.warn(park ? notParked : hadHeirs ? notTaken : noHeirs, {
        sessions: sessions.length,
        users: listNames(sessions.map(({ uid, sid }) => uid ?? `sid ${sid}`)),
        ...((park || hadHeirs) && { handoverTimeout })
      })
  }
  // Not before: a session that is handed over waits for its client no longer than anywhere else.
  connections.stopClock()
  resumption.close()
  listener.terminate()
  await hooks.close(closeTimeout)
  dispatcher.close()
  watchdog.close()
  await pool.close()
  // Last, since hooks of the sessions and of the workers may still reach the other gateways.
  await parts.cluster?.leave()
  parts.internal.close()
  await parts.hostHooks.stop(gateway)
  if (times.hasStarted) log.info('The gateway has ended', { ms: Math.round(monotonic() - since) })
  log.close()
}
