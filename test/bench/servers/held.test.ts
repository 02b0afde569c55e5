/**
 * The check of what a session holds after pushes. A rate of pushes that did not arrive would mean nothing.
 */
import t from 'tap'
import {
  expectHeld,
  firstNumber,
  heldAfter,
  longText,
  type PushRoute,
  richValue
} from '../../../bench/servers/held.js'

const last = firstNumber + 17

const holding = (settings: Record<string, unknown>) => ({ get: (key: string) => settings[key] })

t.test('a session that holds what was pushed last is fine', async t => {
  for (const route of Object.keys(heldAfter) as PushRoute[]) {
    t.doesNotThrow(() => expectHeld(holding(heldAfter[route](last)), route, last), route)
  }
})

t.test(
  'a session that holds an older value, or nothing, fails the bench, for each route that pushes',
  async t => {
    for (const route of Object.keys(heldAfter) as PushRoute[]) {
      t.throws(() => expectHeld(holding(heldAfter[route](last - 1)), route, last), /was pushed last$/, route)
      t.throws(() => expectHeld(holding({}), route, last), /^The session holds undefined as /, route)
      t.throws(() => expectHeld(undefined, route, last), /^The session holds undefined as /, route)
    }
  }
)

t.test('one key of a hundred that was not pushed fails the bench', async t => {
  const settings = { ...heldAfter['push.everything'](last), 'key-99': longText(last - 1) }
  t.throws(() => expectHeld(holding(settings), 'push.everything', last), /as key-99, but/)
})

t.test('a rich value is looked at to the bottom', async t => {
  const value = richValue(last)
  value.items.get('potion')!.count--
  t.throws(() => expectHeld(holding({ rich: value }), 'push.rich', last), /as rich, but/)
})

t.test('values take the bytes that the cases are named for', async t => {
  t.equal(JSON.stringify(last).length, 8)
  t.equal(JSON.stringify(longText(last)).length, 100)
})
