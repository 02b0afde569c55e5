/** Handlers whose bodies hold more than JSON does, for tests of rich bodies. */
import type { BackendSession, HandlerContext } from '../../../workers/index.js'

/** The body as it is. */
export function echo(body: unknown) {
  return body
}

/** What the body and some of its parts are to the handler. */
export function kinds(body: Record<string, unknown>) {
  return Object.fromEntries(Object.entries(body).map(([key, value]) => [key, kindOf(value)]))
}

function kindOf(value: unknown): string {
  return typeof value === 'object' && value !== null ? value.constructor.name : typeof value
}

/** More than a client without rich bodies can read. */
export function gold() {
  return { player: { gold: 7n } }
}

export function teams() {
  return { teams: new Map([['red', new Set(['ann'])]]) }
}

export function now() {
  return { at: new Date(5), none: undefined }
}

export function nothing() {}

/** Sends everybody an event of what JSON has a form for, of some kind. */
export async function tell(_body: unknown, _session: BackendSession, context: HandlerContext) {
  return { reached: await context.abroadcast('told', { at: new Date(5), none: undefined }) }
}

/** The same, of what it has none for. */
export async function tellTeams(
  { richOnly }: { richOnly: boolean },
  _session: BackendSession,
  context: HandlerContext
) {
  return { reached: await context.abroadcast('teams', teams(), { richOnly }).catch(error => error.message) }
}

export async function tellPlain(_body: unknown, _session: BackendSession, context: HandlerContext) {
  return { reached: await context.abroadcast('plain', { score: 3 }) }
}
