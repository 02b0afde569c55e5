/** The metrics of workers, of the gateway's thread and process, and of the log. */
import type { ThreadFigures } from '../../shared/figures/thread-figures.js'
import { type Definition, type PlainDefinition, plain, type Sources } from './definition.js'

/** Returns the figures of all threads, each with the name that its label has. */
function threadsOf({ gateway, workers }: Sources): { thread: string; figures: ThreadFigures }[] {
  const others = workers.flatMap(({ index, figures }) =>
    figures === undefined ? [] : [{ thread: `worker-${index}`, figures }]
  )
  return [{ thread: 'gateway', figures: gateway }, ...others]
}

function byThread(
  name: string,
  help: string,
  figure: keyof ThreadFigures,
  type: PlainDefinition['type'] = 'gauge'
): Definition {
  const read = (sources: Sources) =>
    threadsOf(sources).map(({ thread, figures }) => ({ labels: { thread }, value: figures[figure] }))
  return { type, name, help, labels: ['thread'], read }
}

export const workerMetrics: readonly Definition[] = [
  plain('gauge', 'sallyport_workers_ready', 'Workers that are up', 'workersReady'),
  plain(
    'gauge',
    'sallyport_reload_failed',
    '1 if the last reload of the handlers has failed, else 0',
    'reloadFailed'
  ),
  plain(
    'counter',
    'sallyport_workers_started_total',
    'Workers that were started: first ones, replacements and reloads',
    'workersStarted'
  ),
  {
    type: 'counter',
    name: 'sallyport_worker_restarts_total',
    help: 'Workers that were replaced, by the cause of their end',
    labels: ['cause'],
    values: ['crash', 'memory', 'stuck', 'mute', 'retired', 'reload'],
    read: ({ values }) => {
      const { workersLost, workersStuck, workersMute, workersOutOfMemory } = values
      return Object.entries({
        // Each lost worker is counted with its kind at once, so that this never goes down.
        crash: workersLost - workersStuck - workersMute - workersOutOfMemory,
        memory: workersOutOfMemory,
        stuck: workersStuck,
        mute: workersMute,
        retired: values.workersRetired,
        reload: values.workersReloaded
      }).map(([cause, value]) => ({ labels: { cause }, value }))
    }
  },
  plain(
    'gauge',
    'sallyport_handlers_hanging',
    'Handlers that were given up and have not ended',
    'handlersHanging'
  ),
  plain(
    'counter',
    'sallyport_handlers_given_up_total',
    'Handlers that had not ended at their deadline',
    'handlersGivenUp'
  ),
  plain(
    'counter',
    'sallyport_routes_suspended_total',
    'Times that a route was suspended because it ended workers',
    'routesSuspended'
  ),
  byThread(
    'sallyport_thread_busy_seconds_total',
    'Time in which the event loop of a thread was busy; its rate is the busy share',
    'busy',
    'counter'
  ),
  byThread('nodejs_eventloop_delay_p50_seconds', 'Median delay of the event loop, of 5 s', 'delayP50'),
  byThread('nodejs_eventloop_delay_p99_seconds', '99th percentile of the delay, of 5 s', 'delayP99'),
  byThread('nodejs_eventloop_delay_max_seconds', 'Longest delay of the event loop, of 5 s', 'delayMax'),
  byThread('v8js_memory_heap_used_bytes', 'Used bytes of the heap of a thread', 'heapUsed'),
  byThread('v8js_memory_heap_total_bytes', 'Reserved bytes of the heap of a thread', 'heapTotal'),
  byThread('v8js_memory_heap_limit_bytes', 'Bytes that the heap of a thread may take', 'heapLimit'),
  {
    type: 'gauge',
    name: 'process_resident_memory_bytes',
    help: 'Resident memory of the process of the gateway, and of each worker process',
    labels: ['process'],
    read: sources =>
      threadsOf(sources)
        .filter(({ thread }) => thread === 'gateway' || sources.hasWorkerProcesses)
        .map(({ thread, figures }) => ({ labels: { process: thread }, value: figures.rss }))
  },
  plain(
    'counter',
    'sallyport_log_lines_lost_total',
    'Lines of the log that were not written',
    'logLinesDropped'
  ),
  plain('counter', 'sallyport_log_errors_total', 'Failed writes of the log', 'logErrors'),
  {
    type: 'gauge',
    name: 'sallyport_ready',
    help: '1 if players can be sent here, else 0, as /readyz tells',
    labels: [],
    read: ({ isReady }) => [{ labels: {}, value: isReady ? 1 : 0 }]
  },
  {
    type: 'gauge',
    name: 'sallyport_uptime_seconds',
    help: 'Time since the gateway was created',
    labels: [],
    read: ({ uptime }) => [{ labels: {}, value: uptime }]
  },
  {
    type: 'gauge',
    name: 'sallyport_info',
    help: 'Always 1; its labels are the name of the gateway, and the versions',
    labels: ['frontend_id', 'version', 'node_version'],
    read: ({ frontendId, version }) => [
      { labels: { frontend_id: frontendId, version, node_version: process.version }, value: 1 }
    ]
  }
]
