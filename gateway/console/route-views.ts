/** What the console shows of routes: options, figures, schemas, suspensions. */
import type { HandlerSchemas, RouteOptions } from '../../shared/link/route-options.js'
import { isDeeper } from '../../shared/wire/depth.js'
import { valueWithin } from '../../shared/with-timeout.js'
import type { Pool } from '../pool/pool.js'
import type { Suspensions } from '../pool/suspensions.js'
import type { Worker } from '../pool/worker.js'
import type { Route, RouteTable } from '../sessions/routes.js'
import type { Histogram, Overview, RouteRow, RouteSchema } from './api/console-api.js'

/** Milliseconds that a worker has to export its schemas. A busy one tells them later, for the next call. */
const patience = 2_000

/** Characters that all schemas of a worker may have, and that one may have; levels of arrays and objects. */
const longestExport = 4_000_000
const longestSchema = 65_536
const deepest = 200

/** The figures of a route, if its requests are measured. */
interface Figures {
  readonly queue: Histogram
  readonly run: Histogram
  readonly outcomes: Readonly<Record<string, number>>
}

interface MeasuredRoute {
  readonly name: string
  readonly file: string
  readonly options: RouteOptions
  readonly schemas?: HandlerSchemas | undefined
  readonly figures?: Figures
}

interface Exported {
  readonly body: unknown
  readonly reply: unknown
}

export interface RouteViewsInit {
  readonly routes: RouteTable
  readonly suspensions: Suspensions
  readonly pool: Pick<Pool, 'up'>
}

export class RouteViews {
  readonly #init: RouteViewsInit
  /** The schemas that a worker exports, or will: they are those of its life. */
  readonly #asked = new WeakMap<Worker, Promise<ReadonlyMap<string, Exported>>>()

  constructor(init: RouteViewsInit) {
    this.#init = init
  }

  async list(): Promise<RouteRow[]> {
    const { routes, suspensions } = this.#init
    const exported = await this.#readExports()
    return routes.offered.map(route => ({
      ...describe(route, exported.get(route.name)),
      suspendedFor: suspensions.remaining(route)
    }))
  }

  /** Returns the times of all requests together. */
  sum(): Overview['histograms'] {
    const figures = this.#init.routes.offered.map(route => (route as MeasuredRoute).figures ?? none)
    return { queue: add(figures.map(({ queue }) => queue)), run: add(figures.map(({ run }) => run)) }
  }

  find(name: string): Route | undefined {
    return this.#init.routes.find(name)
  }

  /**
   * Asks one worker for all schemas: all workers have the same handlers. It is asked once in its life, and
   * again if it has failed to answer.
   */
  async #readExports(): Promise<ReadonlyMap<string, Exported>> {
    const [worker] = this.#init.pool.up
    if (worker === undefined) return new Map()
    let asked = this.#asked.get(worker)
    if (asked === undefined) {
      asked = worker.ask({ kind: 'schemas' }).then(readExports, () => {
        this.#asked.delete(worker)
        return new Map()
      })
      this.#asked.set(worker, asked)
    }
    return (await valueWithin(patience, asked)) ?? new Map()
  }
}

function describe(route: MeasuredRoute, exported: Exported | undefined): Omit<RouteRow, 'suspendedFor'> {
  const { name, file, options, schemas, figures = none } = route
  const { ok = 0, ...errors } = figures.outcomes
  const failed = Object.fromEntries(Object.entries(errors).filter(([, count]) => count > 0))
  return {
    route: name,
    file,
    options: { ...options },
    requests: Object.values(errors).reduce((sum, count) => sum + count, ok),
    errors: failed,
    queue: plain(figures.queue),
    run: plain(figures.run),
    schema: schemas === undefined ? null : describeSchemas(schemas, exported)
  }
}

function describeSchemas({ body, reply }: HandlerSchemas, exported: Exported | undefined) {
  const schema = (isDeclared: boolean, json: unknown): RouteSchema | null => (isDeclared ? { json } : null)
  return { body: schema(body, exported?.body ?? null), reply: schema(reply, exported?.reply ?? null) }
}

/** Reads what a worker tells of its schemas. The game may have forged it: then there are no schemas. */
function readExports(told: unknown): ReadonlyMap<string, Exported> {
  const exported = new Map<string, Exported>()
  if (typeof told !== 'string' || told.length > longestExport || isDeeper(told, deepest)) return exported
  try {
    for (const { route, body = null, reply = null } of JSON.parse(told) as Iterable<Record<string, unknown>>)
      if (typeof route === 'string') exported.set(route, { body: asSchema(body), reply: asSchema(reply) })
  } catch {
    exported.clear()
  }
  return exported
}

function asSchema(json: unknown): unknown {
  if (typeof json !== 'object' || Array.isArray(json)) return null
  return JSON.stringify(json).length > longestSchema ? null : json
}

const noTimes: Histogram = { bounds: [], counts: [0], sum: 0, count: 0 }
const none: Figures = { queue: noTimes, run: noTimes, outcomes: {} }

function plain({ bounds, counts, sum, count }: Histogram): Histogram {
  return { bounds, counts, sum, count }
}

function add(histograms: readonly Histogram[]): Histogram {
  const measured = histograms.filter(({ bounds }) => bounds.length > 0)
  const [first] = measured
  if (first === undefined) return noTimes
  return {
    bounds: first.bounds,
    counts: first.counts.map((_, i) => measured.reduce((sum, { counts }) => sum + counts[i]!, 0)),
    sum: measured.reduce((total, { sum }) => total + sum, 0),
    count: measured.reduce((total, { count }) => total + count, 0)
  }
}
