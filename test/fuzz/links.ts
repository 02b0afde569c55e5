/**
 * Feeds a link malformed batches: recorded messages with some bytes changed, and random bytes. They may end
 * the link they pretend to be of, and nothing else; then the next link begins.
 */
import type { Item, Link } from '../../gateway/cluster/link/links.js'
import { readInbox } from '../../shared/link/inbox.js'
import { readOutbox } from '../../shared/link/outbox-reader.js'
import { type LinkedGateway, LinkedGateways, testSubjects } from '../helpers/linked-gateways.js'
import { createRandom, mutate, randomBytes } from './inputs.js'

export interface LinksReport {
  readonly inputs: number
  /** Links that ended. */
  readonly ends: number
  readonly faults: readonly string[]
}

/** A reader with all methods, which do nothing. */
// biome-ignore lint/suspicious/noExplicitAny: it stands for each reader
const ignore: any = new Proxy({}, { get: () => () => {} })

/** Starts far from each other, so that no changed byte makes one of another. */
const apart = 11_111_111

export function fuzzLinks(inputs: number, seed: number): LinksReport {
  const random = createRandom(seed)
  const all = new LinkedGateways(apart)
  const [a, b, c] = all.link(['a', 'b', 'c']) as [LinkedGateway, LinkedGateway, LinkedGateway]
  const stranger = all.network.join('stranger')
  const taken: Item[] = []
  for (const { links } of [a, b]) {
    links.read('outbox', (_from, items) => readOutbox([...items], ignore, ignore, ignore))
    links.read('inbox', (_from, items) => readInbox([...items], ignore))
    links.read('moved', (_from, [item]) => taken.push(item!))
  }
  const faults: string[] = []
  const samples = record(all, a, b)
  const bystander = b.to(c)
  for (let i = 0; i < inputs; i++) {
    // A message of the link as it is now, or of one before it.
    if (i % 20 === 0) samples[Math.floor(random() * samples.length)] = record(all, a, b).at(-1)!
    const sample = samples[Math.floor(random() * samples.length)]!
    const bytes = random() < 0.1 ? randomBytes(random) : mutate(sample, random)
    stranger.publish(testSubjects.link(b.start), bytes)
    all.time.pass(random() < 0.1 ? 1_100 : 1)
    if (all.busErrors.length > 0) faults.push(`${Buffer.from(bytes).toString('hex')}: ${all.busErrors.pop()}`)
    if (faults.length >= 20) break
  }
  all.time.pass(5_000)
  if (b.to(c) !== bystander || !bystander.isOpen) faults.push('a link to another gateway has ended')
  for (const [from, to] of [
    [a, b],
    [b, a]
  ] as const) {
    taken.length = 0
    const link: Link | undefined = from.to(to)
    link?.send('moved', ['at last'])
    all.time.pass(2_000)
    if (taken.at(-1) !== 'at last') faults.push(`${from.name} does not reach ${to.name} any more`)
  }
  return { inputs, ends: b.changes.filter(each => each === '-a').length, faults }
}

/** Records messages of a link, one of each kind at least. */
function record(all: LinkedGateways, a: LinkedGateway, b: LinkedGateway): Uint8Array[] {
  const messages: Uint8Array[] = []
  all.network.fault = ({ from, to, bytes }) => {
    if (from === 'a' && to === 'b') messages.push(bytes!)
    return undefined
  }
  const head = { rid: 1, viewId: -2, ack: 3, frontendId: 'b', sid: 2 ** 40 }
  const event = { name: 'e', body: '{"a":1}', rich: '', richOnly: false, delivery: 0, key: '' } as const
  const link = a.to(b) as Link | undefined
  if (link !== undefined) {
    link.outbox.push(head, 'key', '{"json":"a longer value"}')
    link.outbox.sendToChannel(head, 'room', event, '[1,2]')
    link.inbox.acked(4, '')
    link.inbox.refused(5, { code: 'CONFLICT', message: 'ж' }, '')
    link.flushSoon()
    link.send('moved', [1, 'two', null])
    all.time.pass(1)
    link.send('moved', ['x'.repeat(60)])
    all.time.pass(5)
    b.to(a)?.send('moved', [1])
    all.time.pass(5)
  }
  all.network.fault = () => undefined
  if (messages.length === 0) messages.push(Buffer.from(`1;3;${a.start};1;`))
  return messages
}
