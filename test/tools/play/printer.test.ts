/** What `play` prints: for people, and as lines of JSON. */
import t from 'tap'
import { formatJson, formatShown, type Shown } from '../../../tools/play/printer.js'
import { painterFor } from '../../../tools/terminal/output.js'

const plain = painterFor({}, {})
const evil = '\u001b[2J\u009b\n'

/** Something of each type, with a text of a server wherever it can have one. */
const all: readonly Shown[] = [
  { type: 'reply', route: evil, ms: 1, body: evil },
  { type: 'error', route: evil, ms: 1, code: evil, message: evil },
  { type: 'event', event: evil, body: { [evil]: new Date(0) } },
  { type: 'note', lines: [`the connection is lost: ${evil}`, 'the second line'] }
]

t.test('a terminal obeys no text of a server, and only notes have lines', async t => {
  for (const shown of all) {
    const text = formatShown(shown, plain)
    const lines = text.split('\n')
    t.equal(lines.length, shown.type === 'note' ? 2 : 1, shown.type)
    t.notMatch(lines.join(''), /\p{Cc}/u)
  }
})

t.test('what is shown is one line of JSON, which a terminal does not obey either', async t => {
  for (const shown of all) {
    const json = formatJson(shown)
    t.notMatch(json, /\p{Cc}/u, shown.type)
    t.equal(JSON.parse(json).type, shown.type)
  }
  const [, , , note] = all
  t.same(JSON.parse(formatJson(note!)), {
    type: 'note',
    text: `the connection is lost: ${evil}\nthe second line`
  })
})
