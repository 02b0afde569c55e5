/** Handlers that push, wait until the push is settled, and then end their worker in some way. */
import { existsSync, writeFileSync } from 'node:fs'
import { type BackendSession, type HandlerContext, handler } from '../../../workers/index.js'

interface Settings {
  number: number
  key: string
  mine: string
  theirs: string
}

type Session = BackendSession<Settings>

const never = new Promise<never>(() => {})

const ends: Record<string, () => unknown> = {
  exit: () => process.exit(3),
  throw: () =>
    setTimeout(() => {
      throw new Error('thrown on purpose')
    }),
  block: () => {
    for (;;);
  },
  memory: () => {
    const kept: unknown[] = []
    for (;;) kept.push(new Array(100_000).fill(kept))
  },
  kill: () => process.kill(process.pid, 'SIGKILL'),
  abort: () => process.abort()
}

/** Pushes a number, and ends the worker as soon as the push is settled. */
export async function end(
  { how, number }: { how: string; number: number },
  session: Session
): Promise<never> {
  session.set('number', number)
  await session.apush('number')
  ends[how]!()
  return never
}

/** Does the same with `pushAll` and a callback. */
export function endInCallback(
  { how, number }: { how: string; number: number },
  session: Session
): Promise<never> {
  session.set('number', number)
  session.pushAll(error => {
    if (error === null) ends[how]!()
  })
  return never
}

export function read(key: keyof Settings, session: Session): unknown {
  return session.get(key)
}

/** Waits until another request has pushed `theirs`, and then pushes `mine`. */
export async function outgrow(
  mine: number,
  session: Session,
  { log, sessions }: HandlerContext
): Promise<void> {
  log.info('It waits')
  for (;;) {
    const newest = await sessions.aget(session.frontendId, session.id)
    if (newest!.get('theirs') !== undefined) break
  }
  session.set('mine', 'x'.repeat(mine))
  await session.apush('mine')
}

/** Pushes `theirs` of another session. */
export async function grow(
  { id, theirs }: { id: number; theirs: number },
  { frontendId }: Session,
  { sessions }: HandlerContext
): Promise<void> {
  const other = await sessions.aget(frontendId, id)
  other!.set('theirs', 'x'.repeat(theirs))
  await other!.apush('theirs')
}

/** Pushes when it has been told that its session has ended. Logs the outcome. */
export async function told(_body: unknown, session: Session, { log, signal }: HandlerContext): Promise<void> {
  log.info('It waits')
  await new Promise(resolve => signal.addEventListener('abort', resolve))
  session.set('number', 1)
  await session.apush('number').then(
    () => log.info('It pushed'),
    (error: { code: string }) => log.info('It was refused', { code: error.code })
  )
}

/**
 * Blocks the thread until a file is there, so that nobody can tell it that the session has ended. Then
 * pushes, and logs the outcome. Another file tells that the thread is blocked, since a log line leaves only
 * when the event loop goes on.
 */
async function pushUntold(file: string, session: Session, { log }: HandlerContext): Promise<void> {
  writeFileSync(`${file}-awaited`, '')
  while (!existsSync(file));
  session.set('number', 2)
  await session.apush('number').then(
    () => log.info('It pushed'),
    (error: { code: string }) => log.info('It was refused', { code: error.code })
  )
}

export function untold(file: string, session: Session, context: HandlerContext): Promise<void> {
  return pushUntold(file, session, context)
}

export const untoldAside = handler({ concurrent: true }, pushUntold)

export async function untoldByService(
  file: string,
  { frontendId, id }: Session,
  context: HandlerContext
): Promise<void> {
  const own = await context.sessions.aget(frontendId, id)
  return pushUntold(file, own as Session, context)
}

export function id(_body: unknown, session: Session): number {
  return session.id
}

/** Pushes, and tries to shrink and to grow what is above the limit. Replies with the errors' codes. */
export async function squeeze(_body: unknown, session: Session): Promise<string[]> {
  const codes: string[] = []
  const push = async (key: 'mine' | 'theirs', length: number) => {
    session.set(key, 'x'.repeat(length))
    codes.push(
      await session.apush(key).then(
        () => 'pushed',
        (error: { code: string }) => error.code
      )
    )
  }
  await push('mine', session.get('mine')!.length + 1)
  await push('mine', session.get('mine')!.length - 2)
  await push('theirs', 10)
  return codes
}

/** Pushes in a loop until a timer has fired. Replies with the number that was pushed last. */
export async function loop(_body: unknown, session: Session): Promise<number> {
  let isOver = false
  setTimeout(() => {
    isOver = true
  }, 20)
  let number = 0
  while (!isOver) {
    session.set('number', ++number)
    await session.apush('number')
  }
  return number
}
