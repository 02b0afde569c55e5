/** Handlers for the tests of the tools. */
import { type BackendSession, type HandlerContext, RequestError } from '../../../workers/index.js'

/** The body, as it came. */
export function echo(body: unknown): unknown {
  return body
}

export function refuse(): never {
  throw new RequestError('GONE', 'it is gone\u001b[31m')
}

/** Sends an event to the caller, and then the reply. */
export function greet(
  body: { readonly name: string },
  session: BackendSession,
  context: HandlerContext
): string {
  context.send(session, 'greeting', { hello: body.name })
  return 'greeted'
}

/** Ends when its request is given up. */
export function wait(_body: unknown, _session: BackendSession, context: HandlerContext): Promise<void> {
  return new Promise(resolve => context.signal.addEventListener('abort', () => resolve()))
}
