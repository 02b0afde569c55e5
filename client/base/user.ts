/** The option `user`: what a client says of its player in the handshake. */
import { encodePlain } from '../../shared/bodies/plain-body.js'
import { describeValue } from '../../shared/text/described.js'
import { wireErrors } from '../../shared/wire-errors.js'
import { ClientError } from './client-error.js'

/**
 * Checks that JSON can hold a value; only undefined members may be lost.
 *
 * @throws ClientError `OPTION_INVALID`
 */
export function expectUser(user: unknown): void {
  // Checked first, because this check reports a Promise, a Map or a circular reference with its path.
  encodePlain(user, refuse)
  JSON.stringify(user, expectKept)
}

/**
 * Rejects values that JSON would drop or turn into null: without its credentials, the client would look
 * anonymous to the gateway.
 */
function expectKept(this: Readonly<Record<string, unknown>>, key: string, value: unknown): unknown {
  const { [key]: given } = this
  const isLeaf = typeof value !== 'object' || value === null
  if (isLeaf && (given ?? null) !== null && (JSON.stringify(value) ?? 'null') === 'null')
    throw refuse(key, describeValue(given))
  return value
}

function refuse(path: string, what: string): ClientError {
  const message = `Expected \`user\` to have a form in JSON, got ${what} at ${path || 'its top'}`
  return new ClientError(wireErrors.optionInvalid(message))
}
