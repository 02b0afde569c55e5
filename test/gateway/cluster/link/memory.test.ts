/** Holds what links keep in memory: no batch that is acked, and none of which only a text is kept. */
import t from 'tap'
import { encodeText, parseItems, readEncoded } from '../../../../gateway/cluster/link/batch-text.js'
import { BatchWriter } from '../../../../gateway/cluster/link/batch-writer.js'
import type { Item } from '../../../../gateway/cluster/link/links.js'
import { formatFrame } from '../../../../gateway/cluster/link/messages.js'
import { type LinkedGateway, LinkedGateways } from '../../../helpers/linked-gateways.js'
import { sweptHeap } from '../../../helpers/swept-heap.js'

/** Growth of a heap that has other causes. What must not be kept is far more. */
const noise = 8 * 2 ** 20

/** Returns the bytes by which memory has grown while `run` ran, which is called once before. */
function growthOf(run: () => unknown): number {
  const held = [run()]
  const before = sweptHeap()
  held.push(run())
  return sweptHeap() - before + held.length - 2
}

t.test('a text of a batch does not keep the batch in memory', async t => {
  for (const letter of ['x', 'ж']) {
    const growth = growthOf(() => {
      const kept: Item[] = []
      for (let n = 0; n < 1_000; n++) {
        const text = formatFrame(3, [`a text of some characters, ${n}`, letter.repeat(48_000)])
        const reader = readEncoded(encodeText(text))
        reader.whole()
        kept.push(reader.items(reader.whole())[0]!)
      }
      return kept
    })
    t.ok(growth < noise, `${growth} bytes`)
    const ofPieces = growthOf(() =>
      Array.from(
        { length: 200 },
        (_, n) =>
          parseItems(formatFrame(3, [`a text of some characters, ${n}`, letter.repeat(200_000)]).slice(9))[0]
      )
    )
    t.ok(ofPieces < noise, `${ofPieces} bytes of pieces`)
  }
})

t.test('batches that are acked are forgotten, at both ends', async t => {
  const all = new LinkedGateways()
  const [a, b] = all.link(['a', 'b']) as [LinkedGateway, LinkedGateway]
  let bytes = 0
  b.links.read('moved', (_from, items) => {
    bytes += String(items[0]).length
  })
  const growth = growthOf(() => {
    for (let n = 0; n < 2_000; n++) {
      a.to(b).send('moved', ['x'.repeat(20_000)])
      all.time.pass(5)
    }
  })
  t.equal(bytes, 2 * 2_000 * 20_000)
  t.ok(growth < noise, `${growth} bytes`)
})

t.test('a writer keeps nothing of a batch that is complete', async t => {
  let batches = 0
  const writer = new BatchWriter(
    () => 480_000,
    () => batches++
  )
  const growth = growthOf(() => {
    for (let n = 0; n < 500; n++) writer.add(3, ['x'.repeat(60_000)])
  })
  t.equal(batches, 1_000)
  t.ok(growth < noise, `${growth} bytes`)
})
