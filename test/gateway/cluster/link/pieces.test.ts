/** Frames that are cut into pieces. */
import t from 'tap'
import { cutText, pieceLength } from '../../../../gateway/cluster/link/pieces.js'

t.test('a text is cut into pieces, whatever the bus takes', t => {
  for (const maxBytes of [-1, 0, 512, 1_024, 1_025, 16_384, 1_048_576, 67_108_864]) {
    const pieces: string[] = []
    const text = 'a name and more '.repeat(5_000)
    cutText(3, text, pieceLength(maxBytes), ([kind, isLast, piece]) => {
      t.same(
        [kind, isLast],
        [3, pieces.length * pieceLength(maxBytes) + (piece as string).length === text.length ? 1 : 0]
      )
      pieces.push(piece as string)
    })
    t.equal(pieces.join(''), text)
  }
  t.end()
})
