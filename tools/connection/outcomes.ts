/** Names of what may go wrong, under which the tools count: errors of requests, and lost connections. */
import type { Failure } from '../../client/base/state.js'

/** Pomelo's code of a reply that is no error. */
const pomeloOk = 200

/**
 * Returns the code of an error.
 *
 * @returns the code of a ClientError, or the name of any other error
 */
export function codeOf(error: unknown): string {
  const { code, name } = Object(error) as { code?: unknown; name?: unknown }
  return typeof code === 'string' ? code : typeof name === 'string' ? name : 'Error'
}

/**
 * Returns the code of a reply that is an error by the convention of Pomelo's games: a body `{ code }` that is
 * a number other than 200 and 0. A server whose errors are marked as such needs no such guess.
 *
 * @returns undefined if the reply is no error
 */
export function pomeloCodeOf(reply: unknown): string | undefined {
  const { code } = Object(reply) as { code?: unknown }
  return typeof code === 'number' && code !== pomeloOk && code !== 0 ? `code ${code}` : undefined
}

/** Returns the name of the kind of a failed or lost connection: `refused`, `http 429`. */
export function kindOf({ kind, status }: Failure): string {
  return status === undefined ? kind : `${kind} ${status}`
}
