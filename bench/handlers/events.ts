/** The handlers of the `events` cases and of `channel-churn`. */
import type { BackendSession, HandlerContext, SessionLike } from 'sallyport/worker'

const text = 'x'.repeat(64)

/** First number of events: seven digits, so that all frames have the same length. */
let sent = 0
const next = () => 1_000_000 + (sent++ % 1_000_000)

/** The session that connected last. */
let receiver: SessionLike

export async function join(_body: unknown, { frontendId, id }: BackendSession, context: HandlerContext) {
  sent = 0
  receiver = { frontendId, id }
  await context.channel('audience').ajoin()
  return 1
}

/** Broadcasts one event to the channel. */
export function one(_body: unknown, _session: BackendSession, context: HandlerContext) {
  context.channel('audience').broadcast('tick', [next(), text])
  return 1
}

/** Broadcasts 10 events to the channel. */
export function ten(_body: unknown, _session: BackendSession, context: HandlerContext) {
  const channel = context.channel('audience')
  for (let i = 0; i < 10; i++) channel.broadcast('tick', [next(), text])
  return 1
}

/** Sends 100 events to the session that connected last. */
export function hundred(_body: unknown, _session: BackendSession, context: HandlerContext) {
  for (let i = 0; i < 100; i++) context.send(receiver, 'tick', [next(), text])
  return 1
}

/** Channels that one session joins and leaves in one pass. */
const rooms = 500

/** Joins 500 channels and leaves them again, over and over. Counts the joins. */
export async function churn(
  { seconds }: { seconds: number },
  _session: BackendSession,
  context: HandlerContext
) {
  const channels = Array.from({ length: rooms }, (_, i) => context.channel(`room ${i}`))
  const start = performance.now()
  let count = 0
  let elapsed = 0
  while (elapsed < seconds) {
    for (const channel of channels) channel.join()
    // Operations are done in order, so the answer to this one means that all before it are done.
    const inside = await channels.at(-1)!.size()
    for (const channel of channels) channel.leave()
    if (inside !== 1) throw new Error(`The session is in the last channel ${inside} times`)
    count += rooms
    elapsed = (performance.now() - start) / 1000
  }
  const left = await channels[0]!.size()
  if (left !== 0) throw new Error('The session has not left the first channel')
  return { count, seconds: elapsed }
}
