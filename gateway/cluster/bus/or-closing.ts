/** A wait that ends at once when the gateway is closed, or can't join. */
import { errors, GatewayError } from '../../../shared/errors.js'

/**
 * Settles as a promise does. The promise goes on after the abort; whoever began it ends it.
 *
 * @throws once the signal is aborted: its reason, if that is an error of the gateway; otherwise `CLOSING`
 */
export async function orClosing<Value>(
  promise: Promise<Value>,
  signal: AbortSignal | undefined
): Promise<Value> {
  if (signal === undefined) return promise
  let abort = (): void => {}
  const closing = new Promise<never>((_, reject) => {
    abort = () => reject(signal.reason instanceof GatewayError ? signal.reason : errors.closing())
    if (signal.aborted) abort()
    else signal.addEventListener('abort', abort)
  })
  try {
    return await Promise.race([promise, closing])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}
