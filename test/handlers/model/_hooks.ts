/** Hooks that log each call, by which the runs of the model check their order. */
import type { BackendSession, HandlerContext } from '../../../workers/index.js'

type Hook = (session: BackendSession, told: unknown, context: HandlerContext) => void

const logs =
  (hook: string): Hook =>
  (session, _told, context) =>
    context.log.info('hook', { hook, sid: session.id, isConnected: session.isConnected })

export const onDrop = logs('onDrop')
export const onResume = logs('onResume')
export const onClose = logs('onClose')
