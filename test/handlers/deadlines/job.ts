/** Handlers that take longer than they may, until a test lets them go on; and what they may still do then. */
import { existsSync } from 'node:fs'
import { type BackendSession, type HandlerContext, handler } from '../../../workers/index.js'

const gates = new Map<string, () => void>()

/** Waits at a gate, and says how it went on. */
async function waitAt(gate: string, context: HandlerContext): Promise<void> {
  const { signal } = context
  context.log.info('started', { gate })
  await new Promise<void>(resolve => gates.set(gate, resolve))
  context.log.info('went on', { gate, aborted: signal.aborted, reason: signal.reason })
}

export async function wait({ gate }: { gate: string }, _session: BackendSession, context: HandlerContext) {
  await waitAt(gate, context)
  return { gate }
}

/** The same, and it has all the time that there is. */
export const patient = handler({ timeout: 0 }, wait)

/** The same, and it has half of what others have. */
export const hasty = handler({ timeout: 500 }, wait)

/** Concurrent and without a deadline, so that it gets past whoever waits. */
export const open = handler({ concurrent: true, timeout: 0 }, ({ gate }: { gate: string }) => {
  gates.get(gate)!()
  gates.delete(gate)
})

export function quick({ name }: { name: string }, _session: BackendSession, context: HandlerContext) {
  context.log.info('ran', { name })
  return { name }
}

export function read(_body: unknown, session: BackendSession) {
  return session.export()
}

/** Has the thread from its second turn of the event loop on, until there is that file. */
export async function occupy({ file }: { file: string }, _session: BackendSession, context: HandlerContext) {
  context.log.info('started', { file })
  await new Promise(resolve => setImmediate(resolve))
  while (!existsSync(file));
}

/** Has the thread at once, until there is that file. */
export const seize = handler(
  { concurrent: true, timeout: 0 },
  ({ file }: { file: string }, _session: BackendSession, context: HandlerContext) => {
    context.log.info('started', { file })
    while (!existsSync(file));
  }
)

/** The same as quick, and it waits for no other request of its session. */
export const quickAlone = handler({ concurrent: true }, quick)

/** Answers as soon as its signal aborts. */
export async function obedient(_body: unknown, _session: BackendSession, context: HandlerContext) {
  const { signal } = context
  context.log.info('started', { aborted: signal.aborted })
  await new Promise(resolve => signal.addEventListener('abort', resolve))
  context.log.info('aborted', { reason: signal.reason })
  return 'late'
}

/** When its time is over, asks for all that can be asked for, and says what each ended with. */
export async function stubborn(_body: unknown, session: BackendSession, context: HandlerContext) {
  const { frontendId, id: sid } = session
  const { sessions } = context
  const channel = context.channel('late')
  session.set('late', 1)
  context.log.info('started')
  await new Promise(resolve => context.signal.addEventListener('abort', resolve))
  const asked: Record<string, () => unknown> = {
    push: () => session.apush('late'),
    pushAll: () => session.apushAll(),
    bind: () => session.abind('late'),
    unbind: () => session.aunbind('early'),
    update: () => session.aupdate('late', () => 2),
    commit: () => session.acommit(),
    send: () => context.asend(session, 'late'),
    broadcast: () => context.abroadcast('late'),
    join: () => channel.ajoin(),
    leave: () => channel.aleave(),
    'broadcast in a channel': () => channel.abroadcast('late'),
    'bind another': () => sessions.abind(frontendId, sid, 'late'),
    'push to another': () => sessions.apush(frontendId, sid, 'late', 3),
    'kick by number': () => sessions.akickBySid(frontendId, sid),
    'kick by user': () => sessions.akickByUid(frontendId, 'early'),
    'with a callback': () =>
      new Promise((resolve, reject) => session.push('late', error => (error ? reject(error) : resolve(0))))
  }
  const ended: Record<string, unknown> = {}
  for (const [name, ask] of Object.entries(asked)) {
    try {
      await ask()
      ended[name] = 'done'
    } catch (error) {
      ended[name] = (error as { code?: string }).code ?? String(error)
    }
  }
  // What nobody waits for must have no effect either, nor end the worker.
  session.push('late')
  session.bind('late')
  context.send(session, 'late')
  channel.join()
  context.log.info('tried', { ended })
  return 'late'
}

export async function login({ uid }: { uid: string }, session: BackendSession) {
  await session.abind(uid)
}
