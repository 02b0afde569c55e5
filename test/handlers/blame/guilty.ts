/** Ends at once, and leaves something behind that ends its worker later. */
import { EventEmitter } from 'node:events'
import { type BackendSession, type HandlerContext, RequestError } from '../../../workers/index.js'
import { whenOpen } from './_door.js'

const ends: Record<string, () => unknown> = {
  exit: () => process.exit(1),
  throw: () => {
    throw new Error('thrown in a timer')
  },
  reject: () => Promise.reject(new Error('nobody handles this')),
  'reject behind awaits': async () => {
    await undefined
    await new Promise(resolve => setImmediate(resolve))
    throw new Error('nobody handles this')
  },
  emit: () => new EventEmitter().emit('error', new Error('nobody listens')),
  'throw a Proxy': () => {
    throw new Proxy(
      {},
      {
        get() {
          throw new Error('not even its name')
        },
        getPrototypeOf() {
          throw new Error('not even its class')
        }
      }
    )
  },
  loop: () => {
    for (;;);
  }
}

export function leave({ how }: { how: string }) {
  whenOpen(ends[how]!)
}

/** Its callback throws. */
export function call(_body: unknown, session: BackendSession) {
  whenOpen(() => {
    session.bind('somebody', () => {
      throw new Error('thrown in a callback')
    })
  })
}

/** A listener of its signal throws, when its player leaves. */
export async function listen(_body: unknown, _session: BackendSession, { signal, log }: HandlerContext) {
  signal.addEventListener('abort', () => {
    throw new Error('thrown in a listener')
  })
  log.info('listens')
  await new Promise(() => {})
}

/** Calls `process.exit` with what is no exit code, and goes on. */
export function exitBadly() {
  for (const code of [Symbol('x'), {}, 'x']) {
    try {
      process.exit(code as never)
    } catch {}
  }
  return 'alive'
}

/** Calls `process.exit` where a listener of its own throws. */
export function exitPastListener() {
  process.once('exit', () => {
    throw new Error('thrown in a listener')
  })
  process.exit(1)
}

/** Makes, behind an await, what takes for ever to write. */
export async function makeEndless({ as }: { as: 'reply' | 'data' }) {
  await new Promise(resolve => setImmediate(resolve))
  const endless = {
    toJSON() {
      for (;;);
    }
  }
  if (as === 'data') throw new RequestError('X', 'x', endless)
  return endless
}

/** Lets the game deal with what nobody catches. */
export function survive() {
  process.once('uncaughtException', () => {})
  setImmediate(() => {
    throw new Error('dealt with')
  })
  return new Promise(resolve => setTimeout(resolve, 20, 'alive'))
}
