/**
 * What is wrong with a gateway, in words: for `/readyz`, the log and the console.
 *
 * The only place where such sentences are written. Reads a condition, which ports.ts collects from the parts
 * of the gateway, and keeps nothing.
 */

/** The condition of a gateway at one moment, as far as it tells whether something is wrong. */
export interface Condition {
  readonly phase: 'starting' | 'running' | 'closing'
  /** Places for workers, those with a worker that is up, and those of them whose worker makes progress. */
  readonly workers: { readonly places: number; readonly up: number; readonly working: number }
  /** Whether new requests are refused because too many wait or run, or because they would wait too long. */
  readonly overload: 'maxOpenRequests' | 'maxOpenBytes' | 'maxQueueDelay' | undefined
  /** Milliseconds that the oldest waiting request has waited. */
  readonly queueDelay: number
  /** Open TCP connections, the most that are allowed, and what sets that limit. */
  readonly sockets: { readonly open: number; readonly most: number; readonly by: string }
  /** Whether the last reload of the handlers has failed. */
  readonly reloadFailed: boolean
  readonly suspendedRoutes: readonly string[]
  /** Handlers that were given up and have not ended. */
  readonly hangingHandlers: number
  /** Whether time limits are off because an inspector is open. */
  readonly isInspected: boolean
  /** Why the gateway is cut off from its cluster; undefined: it is not, or is alone. */
  readonly clusterTrouble: string | undefined
  /** Whether a gateway that is cut off is to get no new players (`clusterReady: strict`). */
  readonly needsCluster: boolean
}

/** The codes of all that may be wrong, which do not change: rules of operators name them. */
export const diagnosisCodes = [
  'starting',
  'closing',
  'noWorker',
  'workersStuck',
  'workersMissing',
  'workersSlow',
  'overloaded',
  'connectionsFull',
  'handlersHanging',
  'clusterDegraded',
  'reloadFailed',
  'routesSuspended',
  'timeLimitsOff'
] as const

/** One thing that is wrong with a gateway. */
export interface Diagnosis {
  /** A short name that does not change. */
  readonly code: (typeof diagnosisCodes)[number]
  /** `error`: the gateway is not ready for players. `warn`: it works, but someone should look. */
  readonly severity: 'error' | 'warn'
  /** What is wrong, as a sentence. */
  readonly what: string
  /** What to do about it, as a sentence. */
  readonly todo: string
}

/** Returns what is wrong, the gravest first; nothing if all is well. */
export function diagnose(condition: Condition): Diagnosis[] {
  const { phase } = condition
  if (phase === 'closing')
    return [
      {
        code: 'closing',
        severity: 'error',
        what: 'The gateway is shutting down: it finishes the requests that it has, and accepts no new clients.',
        todo: 'Send players to another gateway; this one ends by itself.'
      }
    ]
  if (phase === 'starting')
    return [
      {
        code: 'starting',
        severity: 'error',
        what: 'The gateway is starting: its workers are loading the handlers.',
        todo: 'Wait; if it takes long, see what the handlers do when they are loaded, and the log.'
      }
    ]
  return [
    ...diagnoseWorkers(condition),
    ...diagnoseLoad(condition),
    ...diagnoseCluster(condition),
    ...diagnoseReload(condition),
    ...diagnoseRoutes(condition),
    ...diagnoseInspector(condition)
  ]
}

/** Whether nothing keeps players away. */
export function isReady(diagnoses: readonly Diagnosis[]): boolean {
  return diagnoses.every(({ severity }) => severity !== 'error')
}

function* diagnoseWorkers({ workers: { places, up, working } }: Condition): Generator<Diagnosis> {
  if (up === 0)
    yield {
      code: 'noWorker',
      severity: 'error',
      what: 'No worker is up, so no request can run.',
      todo: 'See the last errors of the log: the handlers do not load, or workers end soon after their start.'
    }
  else if (working === 0)
    yield {
      code: 'workersStuck',
      severity: 'error',
      what: `No worker makes progress (of ${up}): handlers block the event loop, or take no requests.`,
      todo: 'Find the handler that blocks: the log names it when the worker is ended, after `stuckAfter`.'
    }
  else {
    if (up < places)
      yield {
        code: 'workersMissing',
        severity: 'warn',
        what: `${up} of ${places} workers are up.`,
        todo: 'See the log for why a worker ended; a replacement is started, at growing intervals if it fails.'
      }
    if (working < up)
      yield {
        code: 'workersSlow',
        severity: 'warn',
        what: `${up - working} of ${up} workers make no progress.`,
        todo: 'A handler blocks the event loop there; the worker is replaced after `stuckAfter`.'
      }
  }
}

function* diagnoseCluster({ clusterTrouble, needsCluster }: Condition): Generator<Diagnosis> {
  if (clusterTrouble === undefined) return
  yield {
    code: 'clusterDegraded',
    severity: needsCluster ? 'error' : 'warn',
    what: `The gateway is cut off from its cluster: ${clusterTrouble}.`,
    todo: 'See that NATS runs and can be reached from here, and that no other gateway has the same frontendId; then the gateway comes back by itself.'
  }
}

function* diagnoseLoad(condition: Condition): Generator<Diagnosis> {
  const { overload, queueDelay, sockets, hangingHandlers } = condition
  if (overload !== undefined)
    yield {
      code: 'overloaded',
      severity: 'error',
      what: `Requests are refused with OVERLOADED, by \`${overload}\`; the oldest one has waited ${queueDelay} ms.`,
      todo: 'Make the slowest routes faster, add workers if there are cores left, or add a gateway.'
    }
  if (sockets.open >= sockets.most)
    yield {
      code: 'connectionsFull',
      severity: 'error',
      what: `The limit of connections is reached: ${sockets.open} are open; it is set by ${sockets.by}.`,
      todo: 'Add a gateway, or raise the limit if memory allows it.'
    }
  if (hangingHandlers > 0)
    yield {
      code: 'handlersHanging',
      severity: 'warn',
      what: `${hangingHandlers} handlers have not ended long after their requests were given up.`,
      todo: 'Look for a promise without a time limit in the routes with TIMEOUT errors.'
    }
}

function* diagnoseReload({ reloadFailed }: Condition): Generator<Diagnosis> {
  if (!reloadFailed) return
  yield {
    code: 'reloadFailed',
    severity: 'warn',
    what: 'The last reload has failed: workers go on with the old handlers, and one that ends is replaced only when the new ones load.',
    todo: 'See the log for why the new handlers do not load; repair them, and reload again.'
  }
}

function* diagnoseRoutes({ suspendedRoutes }: Condition): Generator<Diagnosis> {
  if (suspendedRoutes.length === 0) return
  const [first, ...others] = suspendedRoutes
  const more = others.length === 0 ? '' : ` and ${others.length} more`
  yield {
    code: 'routesSuspended',
    severity: 'warn',
    what: `The route ${first}${more} is suspended: it has ended workers again and again.`,
    todo: 'Repair its handler and reload. It is tried again after a minute.'
  }
}

function* diagnoseInspector({ isInspected }: Condition): Generator<Diagnosis> {
  if (!isInspected) return
  yield {
    code: 'timeLimitsOff',
    severity: 'warn',
    what: 'Time limits are off: an inspector is open.',
    todo: 'Close the debugger, or start without --inspect; until then nothing times out.'
  }
}
