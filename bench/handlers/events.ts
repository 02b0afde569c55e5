/** Events: to a channel, to one session; and a channel that is entered and left. */
import type { BackendSession, HandlerContext, SessionLike } from 'sallyport/worker'

const text = 'x'.repeat(64)

/** Numbers of seven digits, so that all frames are of one length. */
let sent = 0
const next = () => 1_000_000 + (sent++ % 1_000_000)

/** The session that came last. */
let receiver: SessionLike

export async function join(_body: unknown, { frontendId, id }: BackendSession, context: HandlerContext) {
  sent = 0
  receiver = { frontendId, id }
  await context.channel('audience').ajoin()
  return 1
}

/** 10 events to all that are in the channel. */
export function ten(_body: unknown, _session: BackendSession, context: HandlerContext) {
  const channel = context.channel('audience')
  for (let i = 0; i < 10; i++) channel.broadcast('tick', [next(), text])
  return 1
}

/** 100 events, each sent to the one session that has come. */
export function hundred(_body: unknown, _session: BackendSession, context: HandlerContext) {
  for (let i = 0; i < 100; i++) context.send(receiver, 'tick', [next(), text])
  return 1
}

/** Channels that one session enters and leaves at a time. */
const rooms = 500

/** Enters 500 channels and leaves them again, as often as it can; counts how often it has entered one. */
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
    // The answer to one question comes when all before it has been done.
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
