/** One call of a handler or a hook in a `TestWorld`, as a worker makes it for one request. */
import type { Session } from '../../gateway/sessions/session.js'
import type { FullLogger } from '../../shared/text/log.js'
import { BackendSession } from '../../workers/api/backend-session.js'
import { BackendSessionService } from '../../workers/api/backend-session-service.js'
import { HandlerContext } from '../../workers/api/context.js'
import type { HandlerFunction } from '../../workers/api/handler.js'
import { appCaller } from '../../workers/operations/caller.js'
import { Messenger } from '../../workers/operations/messenger.js'
import { SessionOperations } from '../../workers/operations/session-operations.js'
import { Author, actAs } from '../../workers/runtime/author.js'
import { type LinkWorld, standardLimits, standardMaxOperations } from './link-world.js'

/** What a context tells about its call. */
export interface Run {
  readonly route: string
  readonly kind: 'request' | 'notify'
}

export interface CallParts {
  readonly world: LinkWorld
  readonly frontendId: string
  readonly session: Session
  readonly log: FullLogger
}

/** Calls the function with a new BackendSession and a new context. Counts its operations until it is over. */
export async function callHandler<Body, Reply, Settings>(
  handler: HandlerFunction<Body, Reply, Settings>,
  body: Body,
  { route, kind, signal }: Run & { readonly signal: AbortSignal },
  { world, frontendId, session, log }: CallParts
): Promise<Reply> {
  const view = world.view(session)
  const author = new Author({ rid: 0, route, sid: session.sid }, standardMaxOperations)
  const caller = { ...appCaller, view, author }
  const operations = new SessionOperations(world.link, caller, standardLimits)
  const messenger = new Messenger(world.link, caller, operations, frontendId)
  const service = new BackendSessionService(operations)
  const backendSession = new BackendSession<Settings>(view, operations, { service })
  const context = new HandlerContext({
    route,
    rid: 0,
    traceparent: undefined,
    isNotify: kind === 'notify',
    signal,
    log,
    service,
    messenger,
    isDevelopment: true,
    worker: { index: 0 }
  })
  try {
    return await actAs(author, () => handler(body, backendSession, context))
  } finally {
    author.isOver = true
  }
}
