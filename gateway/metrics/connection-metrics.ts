/** The metrics of connections, sessions, resumes and events. */
import { type Definition, plain, split } from './definition.js'

export const connectionMetrics: readonly Definition[] = [
  plain('gauge', 'sallyport_sockets', 'Open TCP connections to the public port', 'sockets'),
  plain(
    'gauge',
    'sallyport_sockets_limit',
    'Most TCP connections that are taken: maxConnections, or what open files allow; 0: any number',
    'socketsLimit'
  ),
  split(
    'counter',
    'sallyport_sockets_closed_total',
    'TCP connections that were closed before they became WebSockets',
    'cause',
    { limit: 'socketsRefused', displaced: 'socketsDisplaced', handshake_timeout: 'socketsUnfinished' }
  ),
  plain(
    'counter',
    'sallyport_accept_errors_total',
    'Times that the system could not accept a connection',
    'acceptErrors'
  ),
  plain('gauge', 'sallyport_connections', 'Open WebSockets', 'connections'),
  plain(
    'counter',
    'sallyport_connections_opened_total',
    'WebSockets that were accepted',
    'connectionsOpened'
  ),
  plain('counter', 'sallyport_connections_closed_total', 'WebSockets that ended', 'connectionsClosed'),
  split(
    'counter',
    'sallyport_connections_refused_total',
    'Clients that were refused before they had a session',
    'cause',
    {
      policy: 'connectionsRefused',
      limit: 'connectionsLimited',
      drain: 'connectionsAtDrain',
      malformed: 'handshakesMalformed',
      authentication: 'authenticationsRefused',
      authentication_failed: 'authenticationsFailed'
    }
  ),
  split(
    'counter',
    'sallyport_connections_ended_total',
    'WebSockets that the gateway ended because of what their clients did',
    'cause',
    {
      slow: 'connectionsClosedSlow',
      silent: 'connectionsClosedSilent',
      handshake_timeout: 'connectionsClosedUnfinished',
      frames: 'connectionsFlooded',
      malformed: 'framesMalformed'
    }
  ),
  plain(
    'counter',
    'sallyport_sockets_paused_total',
    'Times that a socket was not read: its session had laneLimit requests open or had not begun',
    'socketsPaused'
  ),
  plain(
    'gauge',
    'sallyport_send_buffer_bytes',
    'Bytes that wait to be sent to all clients',
    'sendBytesWaiting'
  ),
  {
    type: 'gauge',
    name: 'sallyport_sessions',
    help: 'Open sessions, whose clients are connected or away',
    labels: ['state'],
    values: ['connected', 'detached'],
    read: ({ values }) => [
      { labels: { state: 'connected' }, value: values.sessions - values.detachedSessions },
      { labels: { state: 'detached' }, value: values.detachedSessions }
    ]
  },
  plain('gauge', 'sallyport_users', 'Users with at least one bound session', 'users'),
  plain('gauge', 'sallyport_channels', 'Channels that have members', 'channels'),
  plain('counter', 'sallyport_sessions_opened_total', 'Sessions that began', 'sessionsOpened'),
  plain('counter', 'sallyport_sessions_closed_total', 'Sessions that ended', 'sessionsClosed'),
  split('counter', 'sallyport_sessions_ended_total', 'Sessions that the gateway or the game ended', 'cause', {
    kick: 'sessionsKicked',
    flood: 'sessionsFlooded',
    detached_limit: 'detachedSessionsEvicted'
  }),
  plain(
    'counter',
    'sallyport_sessions_detached_total',
    'Times that a client lost its connection and its session was kept',
    'sessionsDetached'
  ),
  split('counter', 'sallyport_resumes_total', 'Clients that asked for their old session', 'outcome', {
    resumed: 'sessionsResumed',
    failed: 'resumesFailed'
  }),
  plain(
    'gauge',
    'sallyport_detached_bytes',
    'Bytes of memory of the sessions whose clients are away',
    'detachedBytes'
  ),
  plain(
    'gauge',
    'sallyport_backlog_bytes',
    'Bytes that are kept for clients until they acknowledge them',
    'backlogBytes'
  ),
  {
    type: 'counter',
    name: 'sallyport_events_total',
    help: 'Events that were given to connections, one for each receiver',
    labels: ['delivery'],
    values: ['reliable', 'latest', 'volatile'],
    read: ({ values: { eventsSent, eventsLatest, eventsVolatile } }) => [
      { labels: { delivery: 'reliable' }, value: eventsSent - eventsLatest - eventsVolatile },
      { labels: { delivery: 'latest' }, value: eventsLatest },
      { labels: { delivery: 'volatile' }, value: eventsVolatile }
    ]
  },
  split(
    'counter',
    'sallyport_events_dropped_total',
    'Events that a receiver never got because it was behind',
    'cause',
    { volatile: 'eventsDropped', replaced: 'eventsReplaced' }
  )
]
