/**
 * The routes that clients may ask for, and the dictionary that has a code for most of them. Workers announce
 * their routes when they have loaded their handlers.
 *
 * A client may keep a code for longer than its gateway lives. So a code is a hash of its route's name alone:
 * a new deployment does not give it to another name. New names with the same code get none, and are sent as
 * text. A route keeps its code for as long as the gateway lives, even when no handler offers it any more.
 */
import { createHash } from 'node:crypto'
import type { RouteHello } from '../../shared/link/hello.js'
import type { HandlerSchemas, RouteOptions } from '../../shared/link/route-options.js'
import type { RouteFigures } from '../telemetry/route-figures.js'

export interface Route {
  readonly name: string
  /** The route's code in the dictionary; 0: it has none. */
  readonly code: number
  /** Number of routes that were known before it. */
  readonly ordinal: number
  /** The file that offers it, below the handlers' folder. */
  file: string
  options: RouteOptions
  schemas?: HandlerSchemas | undefined
  /** Whether the present handlers offer it; a reload can take a route away. */
  isOffered: boolean
  /** Made with the first measured request. */
  figures?: RouteFigures
}

export class RouteTable {
  readonly #byName = new Map<string, Route>()
  /** Routes by code. undefined: several new names had this code at once, so none of them got it. */
  readonly #byCode = new Map<number, Route | undefined>()
  /** Codes of the events of the option `events`, by name. They never change. */
  readonly eventCodes: ReadonlyMap<string, number>
  #dictionary: Readonly<Record<string, number>> = Object.create(null)
  #version = ''

  /** @param events names of events that get a code in the dictionary, before any route does */
  constructor(events: readonly string[] = []) {
    const shared = findShared(events.map(routeCode))
    const coded = events.map(name => [name, routeCode(name)] as const)
    this.eventCodes = new Map(coded.filter(([, code]) => code !== 0 && !shared.has(code)))
    for (const code of this.eventCodes.values()) this.#byCode.set(code, undefined)
  }

  /** Replaces the routes of the previous generation of workers with those of a new one, which are sorted. */
  offer(routes: readonly RouteHello[]): void {
    for (const route of this.#byName.values()) route.isOffered = false
    const newcomers = routes.filter(({ route }) => !this.#byName.has(route))
    const shared = findShared(newcomers.map(({ route }) => routeCode(route)))
    for (const { route: name, file, options, schemas } of routes) {
      const known = this.#byName.get(name) ?? this.#add(name, shared)
      Object.assign(known, { file, options, schemas, isOffered: true })
    }
    this.#dictionary = createDictionary([...this.offered, ...this.#events()])
    const text = JSON.stringify(Object.entries(this.#dictionary))
    this.#version = createHash('sha256').update(text).digest('base64url').slice(0, 16)
  }

  /** Number of all routes so far, offered or not. A client that shakes hands now is told of no later ones. */
  get size(): number {
    return this.#byName.size
  }

  /**
   * Hash of the present dictionary. A client that has a dictionary with this hash need not be sent it again.
   */
  get version(): string {
    return this.#version
  }

  /** The dictionary as the handshake carries it. */
  get dictionary(): Readonly<Record<string, number>> {
    return this.#dictionary
  }

  /**
   * Returns the route of that name, or of that code; undefined where none is offered. `told`: the size of the
   * table when the client shook hands; by default, its present size. Codes of later routes are not found,
   * since the client was not told of them.
   */
  find(asked: string | number, told = this.size): Route | undefined {
    const route = typeof asked === 'string' ? this.#byName.get(asked) : this.#byCode.get(asked)
    if (route === undefined || !route.isOffered) return undefined
    return typeof asked === 'string' || route.ordinal < told ? route : undefined
  }

  get offered(): readonly Route[] {
    return [...this.#byName.values()].filter(route => route.isOffered)
  }

  #events(): { readonly name: string; readonly code: number }[] {
    return [...this.eventCodes].map(([name, code]) => ({ name, code }))
  }

  #add(name: string, shared: ReadonlySet<number>): Route {
    const own = routeCode(name)
    const isEvent = this.eventCodes.has(name)
    const isFree = own !== 0 && !shared.has(own) && (!this.#byCode.has(own) || isEvent)
    const code = isFree ? own : 0
    const route: Route = { name, code, ordinal: this.#byName.size, file: '', options: {}, isOffered: true }
    this.#byName.set(name, route)
    if (isFree) this.#byCode.set(code, route)
    else if (!this.#byCode.has(own)) this.#byCode.set(own, undefined)
    return route
  }
}

/** Returns the code of a name, if no other name has it: 1 to 65535, or 0 for none. */
export function routeCode(name: string): number {
  return createHash('sha256').update(name).digest().readUInt16BE(0)
}

/** Returns the numbers that occur more than once. */
function findShared(numbers: readonly number[]): ReadonlySet<number> {
  const seen = new Set<number>()
  return new Set(numbers.filter(number => seen.has(number) || !seen.add(number)))
}

function createDictionary(routes: readonly Pick<Route, 'name' | 'code'>[]): Readonly<Record<string, number>> {
  const dictionary: Record<string, number> = Object.create(null)
  const coded = routes.filter(({ code }) => code !== 0)
  // Sorted by name, so that the version does not depend on the order in which routes were added.
  for (const { name, code } of coded.toSorted((a, b) => (a.name < b.name ? -1 : 1))) dictionary[name] = code
  return dictionary
}
