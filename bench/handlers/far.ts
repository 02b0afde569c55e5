/** The handlers of the cases about several gateways: operations on a session of another one. */
import type { BackendSession, HandlerContext } from '../../workers/index.js'
import { percentile } from '../figures/percentile.js'
import type { Address, FarAsked, FarResult } from '../servers/far.js'
import { firstNumber } from '../servers/held.js'

export function address(_body: unknown, { frontendId, id: sid }: BackendSession): Address {
  return { frontendId, sid }
}

export function read(_body: unknown, session: BackendSession<{ position: number }>) {
  return session.get('position')
}

export async function join(_body: unknown, _session: BackendSession, context: HandlerContext) {
  await context.channel('far').ajoin()
  return 1
}

export async function fill({ length }: { length: number }, session: BackendSession) {
  session.set('filled', 'x'.repeat(length))
  await session.apush('filled')
}

/** Pushes one key of the other session over and over, with a given number of pushes waiting. */
export async function push(
  asked: FarAsked,
  _session: BackendSession,
  context: HandlerContext
): Promise<FarResult> {
  const other = await context.sessions.aget<{ position: number }>(asked.to.frontendId, asked.to.sid)
  let last = firstNumber
  return {
    ...(await repeat(asked, () => {
      other!.set('position', ++last)
      return other!.apush('position')
    })),
    last
  }
}

/** Does the same, one push at a time, and measures each. */
export async function alone(
  asked: FarAsked,
  _session: BackendSession,
  context: HandlerContext
): Promise<FarResult> {
  const other = await context.sessions.aget<{ position: number }>(asked.to.frontendId, asked.to.sid)
  let last = firstNumber
  const micros: number[] = []
  const result = await repeat(asked, async () => {
    const start = performance.now()
    other!.set('position', ++last)
    await other!.apush('position')
    micros.push((performance.now() - start) * 1_000)
  })
  return { ...result, last, p50: percentile(micros, 0.5), p99: percentile(micros, 0.99) }
}

const text = 'x'.repeat(200)

/** Broadcasts to the channel, and waits until all gateways have counted the members. */
export function broadcast(
  asked: FarAsked,
  _session: BackendSession,
  context: HandlerContext
): Promise<FarResult> {
  const channel = context.channel('far')
  return repeat(asked, () => channel.abroadcast('tick', text))
}

/** Calls `work` until the time is up, `waiting` calls at a time. */
async function repeat({ seconds, waiting = 1 }: FarAsked, work: () => Promise<unknown>): Promise<FarResult> {
  const start = performance.now()
  const end = start + seconds * 1_000
  let count = 0
  const goOn = async () => {
    while (performance.now() < end) {
      await work()
      count++
    }
  }
  await Promise.all(Array.from({ length: waiting }, goOn))
  return { count, seconds: (performance.now() - start) / 1_000 }
}
