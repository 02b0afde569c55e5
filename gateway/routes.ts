/**
 * The routes that clients may ask for, and the dictionary that gives each a code. Filled from what workers say when
 * they have loaded their handlers. Codes are only ever appended: what a client was told stays true for its connection.
 */
import { createHash } from 'node:crypto'
import type { RouteHello, RouteOptions } from '../shared/hello.js'

export interface Route {
  readonly name: string
  /** From 1. */
  readonly code: number
  /** The file that offers it, below the handlers' folder. */
  file: string
  options: RouteOptions
  /** Whether the present handlers offer it; a reload can take a route away. */
  isOffered: boolean
}

export class RouteTable {
  readonly #byName = new Map<string, Route>()
  readonly #byCode: Route[] = []
  #version = ''

  /** Takes what a generation of workers offers, sorted, in place of what the one before did. */
  offer(routes: readonly RouteHello[]): void {
    for (const route of this.#byCode) route.isOffered = false
    for (const { route: name, file, options } of routes) {
      const known = this.#byName.get(name)
      if (known !== undefined) {
        Object.assign(known, { file, options, isOffered: true })
        continue
      }
      const route: Route = { name, code: this.#byCode.length + 1, file, options, isOffered: true }
      this.#byName.set(name, route)
      this.#byCode.push(route)
    }
    const names = JSON.stringify(this.#byCode.map(route => route.name))
    this.#version = createHash('sha256').update(names).digest('base64url').slice(0, 16)
  }

  /** How many codes are given out. */
  get size(): number {
    return this.#byCode.length
  }

  /** A name for the present dictionary: a client that has it under this name needs no other. */
  get version(): string {
    return this.#version
  }

  /** The dictionary as the handshake carries it. */
  get dictionary(): Record<string, number> {
    const dictionary: Record<string, number> = Object.create(null)
    for (const { name, code } of this.#byCode) dictionary[name] = code
    return dictionary
  }

  /** The route of that name, or of that code; undefined where none is offered. */
  find(route: string | number): Route | undefined {
    const found = typeof route === 'string' ? this.#byName.get(route) : this.#byCode[route - 1]
    return found?.isOffered === true ? found : undefined
  }

  get offered(): readonly Route[] {
    return this.#byCode.filter(route => route.isOffered)
  }
}
