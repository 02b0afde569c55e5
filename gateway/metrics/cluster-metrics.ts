/** The metrics of a cluster, which only gateways in a cluster write. */
import { type Definition, plain, split } from './definition.js'

/** Returns the definition of a gauge in seconds, whose value the gateway has in milliseconds. */
function seconds(name: string, help: string, from: 'clusterLag' | 'leaseLeft'): Definition {
  const read: Definition['read'] = ({ values }) => [{ labels: {}, value: values[from] / 1_000 }]
  return { type: 'gauge', name, help, labels: [], read }
}

export const clusterMetrics: readonly Definition[] = [
  plain(
    'gauge',
    'sallyport_cluster_up',
    '1 if this gateway is connected to the cluster, else 0',
    'clusterUp'
  ),
  plain('gauge', 'sallyport_cluster_peers', 'Other gateways that this one has a link to', 'clusterPeers'),
  plain(
    'gauge',
    'sallyport_cluster_operations_waiting',
    'Operations that were sent to other gateways and are not answered yet',
    'clusterWaiting'
  ),
  plain(
    'gauge',
    'sallyport_cluster_queue_bytes',
    'Bytes that wait for another gateway, of the link with the most',
    'clusterQueueBytes'
  ),
  seconds(
    'sallyport_cluster_lag_seconds',
    'Age of the oldest batch that another gateway has not acknowledged',
    'clusterLag'
  ),
  plain(
    'gauge',
    'sallyport_cluster_interest_names',
    'Users and channels of other gateways that this one knows',
    'interestNames'
  ),
  plain('gauge', 'sallyport_cluster_claims_held', 'Users that are claimed by this gateway', 'claimsHeld'),
  seconds('sallyport_cluster_lease_left_seconds', 'Time for which the lease is still good', 'leaseLeft'),
  plain(
    'gauge',
    'sallyport_cluster_sessions_in_transit',
    'Sessions that are about to move to another gateway',
    'sessionsInTransit'
  ),
  split(
    'counter',
    'sallyport_cluster_operations_total',
    'Operations on sessions of other gateways, and for other gateways on sessions of this one',
    'direction',
    { out: 'relayed', in: 'served' }
  ),
  plain(
    'counter',
    'sallyport_cluster_operations_failed_total',
    'Operations on sessions of other gateways that the cluster has failed',
    'relayedFailed'
  ),
  plain(
    'counter',
    'sallyport_cluster_batches_total',
    'Batches that were sent to other gateways',
    'clusterBatches'
  ),
  plain('counter', 'sallyport_cluster_bytes_total', 'Bytes that were sent to other gateways', 'clusterBytes'),
  plain('counter', 'sallyport_cluster_batches_resent_total', 'Batches that were sent again', 'clusterResent'),
  plain(
    'counter',
    'sallyport_cluster_gaps_total',
    'Times that a batch of another gateway was missing and asked for',
    'clusterGaps'
  ),
  plain(
    'counter',
    'sallyport_cluster_events_lost_total',
    'Events for another gateway that were dropped because its queue was full or it had ended',
    'clusterEventsLost'
  ),
  split('counter', 'sallyport_cluster_claims_total', 'Claims of users, by how they ended', 'outcome', {
    won: 'claimsWon',
    lost: 'claimsLost'
  }),
  plain(
    'counter',
    'sallyport_cluster_claims_asked_total',
    'Questions to other gateways about a user whom they hold',
    'claimsAsked'
  ),
  plain(
    'counter',
    'sallyport_cluster_leases_lost_total',
    'Times that the lease of this gateway ran out',
    'leasesLost'
  ),
  split(
    'counter',
    'sallyport_cluster_sessions_moved_total',
    'Sessions that moved to another gateway or came from one',
    'direction',
    { out: 'sessionsMovedOut', in: 'sessionsMovedIn' }
  ),
  plain(
    'counter',
    'sallyport_cluster_moves_unordered_total',
    'Sessions that came here and whose events waited for so long that the order of senders was given up',
    'movesUnordered'
  ),
  split(
    'counter',
    'sallyport_cluster_sessions_stored_total',
    'Sessions that were written to the store for others, or taken from it',
    'direction',
    { out: 'sessionsParked', in: 'sessionsRestored' }
  ),
  plain(
    'counter',
    'sallyport_cluster_sessions_not_kept_total',
    'Times that a session was too large for the store',
    'sessionsNotKept'
  ),
  plain(
    'counter',
    'sallyport_cluster_handovers_failed_total',
    'Moves of sessions that failed',
    'handoversFailed'
  )
]
