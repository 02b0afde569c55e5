import t from 'tap'
import { Session } from '../../../gateway/sessions/session.js'
import { rememberedDeletions } from '../../../gateway/sessions/settings/deletions.js'
import { parseChange as parseLimited } from '../../../gateway/sessions/settings/setting.js'
import { formatSetting } from '../../../shared/values/settings-text.js'
import { FakeReceiver } from '../../helpers/fake-receiver.js'
import { sweptHeap } from '../../helpers/swept-heap.js'

const parseChange = (settings: string) => parseLimited(settings, 1_000)!
const createSession = () => new Session('gateway-1', 1, new FakeReceiver())
const limit = { maxSettingsLength: 1_000, maxSettingsKeys: 100 }
const short = { ...limit, maxSettingsLength: 100 }
const [mine, theirs] = [7, 8]

t.test('a change counts the version up once, however many keys it has', async t => {
  const session = createSession()
  t.equal(session.version, 0)
  session.changeKeys(
    [
      ['a', '1'],
      ['b', '2']
    ],
    mine,
    limit
  )
  t.equal(session.version, 1)
  session.setUid('red', mine)
  t.equal(session.version, 2)
})

t.test('keys that another changed after a version are told, and not those of the asker', async t => {
  const session = createSession()
  session.changeKeys([['old', '1']], theirs, limit)
  const { version } = session
  session.changeKeys([['own', '1']], mine, limit)
  session.changeKeys([['foreign', '1']], theirs, limit)
  session.changeKeys([['nobody', '1']], 0, limit)
  const keys = ['old', 'own', 'foreign', 'nobody', 'missing']
  t.same(session.changedSince(version, keys, mine), ['foreign', 'nobody'])
  t.same(session.changedSince(version, keys, 0), ['own', 'foreign', 'nobody'], 'to nobody all are foreign')
  t.same(session.changedSince(session.version, keys, mine), [])
})

t.test('a deletion is a change', async t => {
  const session = createSession()
  session.changeKeys([['a', '1']], mine, limit)
  const { version } = session
  session.changeKeys([['a', '']], theirs, limit)
  session.changeKeys([['never there', '']], theirs, limit)
  t.equal(session.textOf('a'), undefined)
  t.same(session.changedSince(version, ['a', 'never there'], mine), ['a'])
  session.changeKeys([['a', '2']], mine, limit)
  t.same(session.changedSince(version, ['a'], mine), [], 'who set it again knows of it')
})

t.test('of many deletions the oldest are not told apart any more, and no conflict is missed', async t => {
  const session = createSession()
  const keys = Array.from({ length: 100 }, (_, i) => `k${i}`)
  session.changeKeys(
    keys.map(key => [key, '1'] as const),
    mine,
    limit
  )
  const { version } = session
  for (const key of keys) session.changeKeys([[key, '']], theirs, limit)
  t.same(session.changedSince(version, keys, mine), keys)
  t.same(session.changedSince(session.version, keys, mine), [])
  t.same(session.changedSince(version, ['never there'], mine), ['never there'], 'which may have been deleted')
})

t.test('what would be too long in the end changes nothing, and the longest key is named', async t => {
  const session = createSession()
  session.changeKeys([['a', 'x'.repeat(50)]], mine, short)
  const before = session.settingsText
  const error = session.changeKeys(
    [
      ['b', 'y'.repeat(10)],
      ['c', 'z'.repeat(60)],
      ['d', '1']
    ],
    mine,
    short
  )
  t.match(error, {
    code: 'SETTINGS_TOO_LARGE',
    message: 'With "c" the settings of the session would take 125 characters, the limit is 100'
  })
  t.same([session.settingsText, session.version], [before, 1])
  t.equal(session.changeKeys([['b', 'y'.repeat(48)]], mine, short), undefined, 'exactly the limit')
  t.equal(session.changeKeys([['b', 'y'.repeat(49)]], mine, short)?.code, 'SETTINGS_TOO_LARGE')
  const swap = [
    ['c', 'z'.repeat(90)],
    ['a', ''],
    ['b', '']
  ] as const
  t.equal(session.changeKeys(swap, mine, short), undefined, 'what goes makes room, in any order')
  t.same(Object.keys(parse(session.settingsText)), ['c'])
})

t.test('there are as many keys as may be, and not one more; one that is there may change', async t => {
  const session = createSession()
  const two = { ...limit, maxSettingsKeys: 2 }
  session.changeKeys([['a', '1']], mine, two)
  t.equal(session.changeKey('b', '1', mine, two), undefined)
  const { version } = session
  const expected = { code: 'TOO_MANY_KEYS', message: /^With "c" .* more than 2 keys/ }
  t.match(session.changeKey('c', '1', mine, two), expected)
  t.match(
    session.changeKeys(
      [
        ['a', '2'],
        ['c', '1']
      ],
      mine,
      two
    ),
    expected
  )
  t.same([parse(session.settingsText), session.version], [{ a: '1', b: '1' }, version])
  t.equal(session.changeKey('b', '2', mine, two), undefined)
  t.equal(session.changeKey('never there', '', mine, two), undefined)
  const swap = [
    ['c', '1'],
    ['a', '']
  ] as const
  t.equal(session.changeKeys(swap, mine, two), undefined, 'what goes makes room, in any order')
  t.same(parse(session.settingsText), { b: '2', c: '1' })
})

t.test('the text of all settings is made anew after a change only', async t => {
  const session = createSession()
  session.changeKeys(
    parseChange(formatSetting('a', '{"json":1}') + formatSetting('b', '{"json":2}')),
    mine,
    limit
  )
  t.same(parse(session.settingsText), { a: '{"json":1}', b: '{"json":2}' })
  session.changeKeys([['a', '']], mine, limit)
  t.same(parse(session.settingsText), { b: '{"json":2}' })
  const settings = session.settingsText
  t.same(session.snapshot, { sid: 1, uid: null, version: 2, settings, isConnected: true })
  t.equal(session.get('b'), 2)
})

function parse(settings: string): Record<string, string> {
  return Object.fromEntries(parseChange(settings))
}

t.test('a key that stays does not keep the values in memory that were changed with it', async t => {
  const session = createSession()
  const wide = { maxSettingsLength: 1_000_000, maxSettingsKeys: 10_000 }
  // Counted, since as many assertions would stay in memory themselves.
  let refused = 0
  const before = sweptHeap()
  for (let n = 0; n < 1_000; n++) {
    const [state, result] = [`{"json":"${String(n).repeat(10_000)}"}`, `{"json":"result of match ${n}"}`]
    const settings = formatSetting('state', state) + formatSetting(`result of match ${n}`, result)
    // As it comes over the link: one text, which is no sum of others.
    const arrived = Buffer.from(settings, 'latin1').toString('latin1')
    if (session.changeKeys(parseChange(arrived), mine, wide) !== undefined) refused++
  }
  const growth = sweptHeap() - before
  t.equal(refused, 0)
  t.equal(session.kept.size, 1_001)
  t.ok(growth < 8 * 2 ** 20, `${growth} bytes of 29 MB that were pushed`)
})

t.test('a view is told of no key as changed by another because of deletions of its own', async t => {
  const session = createSession()
  const wide = { ...limit, maxSettingsLength: 100_000 }
  const cycle = (key: string, viewId: number) => {
    session.changeKey(key, '1', viewId, wide)
    session.changeKey(key, '', viewId, wide)
  }
  const { version } = session
  for (let n = 0; n < 2 * rememberedDeletions; n++) cycle(`mine-${n}`, mine)
  t.same(session.changedSince(version, ['fresh', 'mine-0', 'mine-127'], mine), [])
  t.same(session.changedSince(version, ['fresh'], theirs), ['fresh'], 'another may have lost it')
  t.same(session.changedSince(version, ['fresh'], 0), ['fresh'])
  cycle('theirs', theirs)
  const since = session.version
  for (let n = 0; n < 2 * rememberedDeletions; n++) cycle(`mine-${n}`, mine)
  t.same(session.changedSince(version, ['fresh'], mine), ['fresh'], 'theirs is forgotten, and may be it')
  t.same(session.changedSince(since, ['fresh'], mine), [], 'but was made before that')
  const moved = createSession()
  moved.importSettings(session.exportSettings())
  t.same(moved.changedSince(since, ['fresh'], mine), ['fresh'], 'where it moves all are foreign')
})

t.test('a deleted key that is remembered counts as a key does', async t => {
  const session = createSession()
  const before = session.bytes
  session.changeKey('state', '1', mine, limit)
  session.changeKey('state', '', mine, limit)
  t.equal(session.bytes - before, 128 + 2 * 'state'.length)
  session.changeKey('state', '1', mine, limit)
  t.equal(session.bytes - before, 128 + 2 * 'state1'.length)
})

t.test('of a key that comes twice in one text the last counts, and its size counts once', async t => {
  const [long, short] = [`{"json":"${'x'.repeat(400)}"}`, '{"json":1}']
  const session = createSession()
  session.changeKeys(parseChange(formatSetting('k', long).repeat(2)), mine, limit)
  session.changeKeys(parseChange(formatSetting('k', '').repeat(200)), mine, limit)
  const twin = createSession()
  twin.changeKey('k', long, mine, limit)
  twin.changeKey('k', '', mine, limit)
  t.equal(session.bytes, twin.bytes)
  session.changeKeys(parseChange(formatSetting('k', long) + formatSetting('k', short)), mine, limit)
  twin.changeKey('k', short, mine, limit)
  t.equal(session.settingsText, formatSetting('k', short))
  t.equal(session.bytes, twin.bytes)
  t.equal(
    session.changeKey('a', long, mine, { ...limit, maxSettingsLength: 300 })?.code,
    'SETTINGS_TOO_LARGE'
  )
})
