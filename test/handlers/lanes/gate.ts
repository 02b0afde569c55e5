/** Handlers that wait until a test lets them go on, in whichever worker they are; and what they saw. */
import { existsSync, writeFileSync } from 'node:fs'
import { type BackendSession, type HandlerContext, handler } from '../../../workers/index.js'

const gates = new Map<string, { open: () => void; opened: Promise<void> }>()

function gateOf(name: string) {
  let gate = gates.get(name)
  if (gate === undefined) {
    let open = () => {}
    const opened = new Promise<void>(resolve => {
      open = resolve
    })
    gate = { open, opened }
    gates.set(name, gate)
  }
  return gate
}

/** Waits at a gate of this worker. */
export async function wait({ gate }: { gate: string }, session: BackendSession, context: HandlerContext) {
  context.log.info('waiting', { gate, sid: session.id })
  await gateOf(gate).opened
  return { worker: context.worker.index, value: session.get('value') }
}

/** Opens a gate of this worker. Concurrent, so that it gets past whoever waits in its own lane. */
export const open = handler({ concurrent: true }, ({ gate }: { gate: string }, _session, context) => {
  gateOf(gate).open()
  return { worker: context.worker.index }
})

export function value(_body: unknown, session: BackendSession, context: HandlerContext) {
  return { value: session.get('value'), worker: context.worker.index }
}

/** Says which worker it runs in; all workers are reached by asking often enough. */
export function where(_body: unknown, session: BackendSession, context: HandlerContext) {
  return { worker: context.worker.index, id: session.id }
}

/** Sets a key of another session. */
export async function poke(
  { sid, frontendId, value }: { sid: number; frontendId: string; value: unknown },
  _session: BackendSession,
  context: HandlerContext
) {
  await context.sessions.apush(frontendId, sid, 'value', value)
}

export function whoAmI(_body: unknown, session: BackendSession) {
  return { sid: session.id, frontendId: session.frontendId }
}

/**
 * Keeps its worker busy until the file `go` is there. Says so in another file, since nothing leaves a worker
 * that is busy.
 */
export function spin(
  { file, go }: { file: string; go: string },
  _session: BackendSession,
  context: HandlerContext
) {
  writeFileSync(file, String(context.worker.index))
  while (!existsSync(go));
  return { worker: context.worker.index }
}

/** Returns how many requests of a session run at this moment in the worker, and the most that ever ran. */
const present = new Map<number, number>()
const most = new Map<number, number>()

async function overlap(session: BackendSession): Promise<{ most: number }> {
  const now = (present.get(session.id) ?? 0) + 1
  present.set(session.id, now)
  most.set(session.id, Math.max(now, most.get(session.id) ?? 0))
  await new Promise(resolve => setTimeout(resolve, 1))
  present.set(session.id, present.get(session.id)! - 1)
  return { most: most.get(session.id)! }
}

export const alone = (_body: unknown, session: BackendSession) => overlap(session)

export const together = handler({ concurrent: true }, (_body: unknown, session: BackendSession) =>
  overlap(session)
)

/** Answers with a thenable that calls back at once, and then throws. */
export function thenable() {
  return {
    // biome-ignore lint/suspicious/noThenProperty: that is what is tried
    then(resolve: (value: unknown) => void) {
      resolve('answered')
      throw new Error('thrown behind the answer')
    }
  }
}
