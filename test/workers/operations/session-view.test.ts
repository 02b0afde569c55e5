/** A worker's view of a session, as pushes change it. */
import t from 'tap'
import { formatSetting } from '../../../shared/values/settings-text.js'
import { SessionView } from '../../../workers/operations/session-view.js'

const settings = formatSetting('a', '{"json":1}') + formatSetting('b', '{"json":22}')

function createView(): SessionView {
  const session = { frontendId: 'gate', sid: 1, uid: null, version: 0, isConnected: true }
  return new SessionView({ viewId: 1, ...session, settings })
}

/** The pushes of a handler: new keys, newer values, deletions, and keys that come back. */
const pushes = [
  ['a', '{"json":333}'],
  ['c', '{"json":4}'],
  ['b', ''],
  ['none', ''],
  ['c', ''],
  ['b', '{"json":5}'],
  ['c', '{"json":66}'],
  ['c', '{"json":7}']
] as const

t.test('its size and its number of keys are those of its texts, whenever they were first asked', async t => {
  for (let first = 0; first <= pushes.length; first++) {
    const view = createView()
    for (const [at, [key, text]] of pushes.entries()) {
      if (at >= first) t.same([view.keyCount, view.size], count(view), `asked at ${first}, read at ${at}`)
      view.pushed(key, text)
    }
    t.same([view.keyCount, view.size], count(view))
  }
})

t.test('its bounds are never below', async t => {
  const view = createView()
  for (const [key, text] of pushes) {
    view.pushed(key, text)
    const [keys, size] = count(view)
    t.ok(view.keyCountBound >= keys && view.sizeBound >= size)
  }
})

/** Counts the keys and the characters of all texts. */
function count(view: SessionView): [number, number] {
  let [keys, size] = [0, 0]
  view.forEach((key, text) => {
    keys++
    size += key.length + text.length
  })
  return [keys, size]
}
