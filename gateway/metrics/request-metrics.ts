/** The metrics of requests, batches and operations. */
import { requestOutcomes } from '../telemetry/route-figures.js'
import { type Definition, type HistogramDefinition, plain, split } from './definition.js'

/** Returns the definition of a histogram of seconds by route. Routes without requests are left out. */
function byRoute(name: string, help: string, part: 'queue' | 'run'): HistogramDefinition {
  return {
    type: 'histogram',
    name,
    help,
    labels: ['route'],
    read: ({ routes }) =>
      routes.flatMap(({ name: route, figures }) =>
        figures === undefined ? [] : [{ labels: { route }, histogram: figures[part] }]
      )
  }
}

export const requestMetrics: readonly Definition[] = [
  split(
    'counter',
    'sallyport_requests_received_total',
    'Messages that arrived, including refused ones',
    'kind',
    {
      request: 'requests',
      notify: 'notifies'
    }
  ),
  {
    type: 'counter',
    name: 'sallyport_requests_total',
    help: 'Accepted requests and notifies that have ended, by how they ended',
    labels: ['route', 'outcome'],
    read: ({ routes }) =>
      routes.flatMap(({ name: route, figures }) =>
        figures === undefined
          ? []
          : requestOutcomes.map(outcome => ({
              labels: { route, outcome },
              value: figures.outcomes[outcome]
            }))
      )
  },
  byRoute(
    'sallyport_request_queue_duration_seconds',
    'Time from the arrival of a request until its handler could start',
    'queue'
  ),
  byRoute(
    'sallyport_request_run_duration_seconds',
    'Time from when the handler of a request could start until its outcome',
    'run'
  ),
  split(
    'counter',
    'sallyport_requests_refused_total',
    'Requests and notifies that were refused before they waited for a worker',
    'cause',
    {
      rate: 'requestsRateLimited',
      overload: 'requestsOverloaded',
      body_size: 'bodiesTooLarge',
      unknown_route: 'requestsUnknown',
      suspended_route: 'requestsSuspended',
      closing: 'requestsClosing'
    }
  ),
  plain(
    'counter',
    'sallyport_replies_total',
    'Replies that were written, including error replies',
    'replies'
  ),
  plain('counter', 'sallyport_errors_total', 'Requests and notifies that failed or were refused', 'errors'),
  plain(
    'counter',
    'sallyport_timeouts_total',
    'Requests, notifies and session hooks that reached their deadline',
    'timeouts'
  ),
  split('gauge', 'sallyport_requests_open', 'Requests that wait in the gateway or run in workers', 'state', {
    waiting: 'requestsWaiting',
    running: 'requestsRunning'
  }),
  {
    type: 'gauge',
    name: 'sallyport_queue_delay_seconds',
    help: 'Time that the oldest waiting request has waited',
    labels: [],
    read: ({ values }) => [{ labels: {}, value: values.queueDelay / 1000 }]
  },
  {
    type: 'histogram',
    name: 'sallyport_batch_requests',
    help: 'Requests in each batch that was handed to a worker',
    labels: [],
    read: ({ batchSizes }) => [{ labels: {}, histogram: batchSizes }]
  },
  plain('counter', 'sallyport_batches_total', 'Batches that were handed to workers', 'batches'),
  plain(
    'counter',
    'sallyport_requests_taken_back_total',
    'Requests that were taken back from a worker before they started',
    'requestsTakenBack'
  ),
  plain('gauge', 'sallyport_turns', 'Turns that workers hold', 'turns'),
  plain(
    'counter',
    'sallyport_operations_total',
    'Operations of handlers and of awaited calls of the host, including pushes',
    'operations'
  ),
  plain('counter', 'sallyport_operations_refused_total', 'Operations that failed', 'operationsRefused'),
  plain('counter', 'sallyport_pushes_total', 'Pushes of settings', 'pushes'),
  plain(
    'counter',
    'sallyport_conflicts_total',
    'Changes of settings that met a foreign change; an update is tried again',
    'conflicts'
  )
]
