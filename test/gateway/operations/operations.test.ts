/** Operations that no honest worker sends: what they do in the gateway. */
import t, { type Test } from 'tap'
import { createWorkerOperations } from '../../../gateway/operations/worker-operations.js'
import { formatSetting } from '../../../shared/values/settings-text.js'
import { createLinkPair, frontendId } from '../../helpers/link-pair.js'

const limits = { maxSettingsLength: 1_000, maxSettingsKeys: 10 }

/** Opens a session, and applies operations on it as those of a worker. `answers` has what it would get. */
function begin(t: Test) {
  const { open, targets } = createLinkPair(t, { limits })
  const session = open()
  const answers: string[] = []
  const source = { serial: 1, endedRoute: () => undefined, namesOf: () => ({}) }
  const inbox = {
    acked: () => void answers.push('acked'),
    refused: (_ack: number, { code }: { code: string }) => void answers.push(code)
  }
  const { sessions } = createWorkerOperations(source, inbox, () => {}, targets)
  const head = { rid: 0, viewId: 0, ack: 1, frontendId, sid: session.sid }
  return { session, sessions, head, answers }
}

t.test('a change that is longer than any honest one is refused before it is read', async t => {
  const { session, sessions, head, answers } = begin(t)
  // Of one key, so that nothing else is too much.
  const text = formatSetting('', '').repeat(1_000_000)
  sessions.pushAll(head, text)
  sessions.commit(head, text, 0)
  t.same(answers, ['SETTINGS_TOO_LARGE', 'SETTINGS_TOO_LARGE'])
  t.equal(session.version, 0)
})

t.test('a change of more keys than any honest one is refused, and no more of them are read', async t => {
  const { session, sessions, head, answers } = begin(t)
  const deletions = (count: number) =>
    Array.from({ length: count }, (_, n) => formatSetting(String(n), '')).join('')
  sessions.pushAll(head, deletions(40))
  sessions.pushAll(head, deletions(41))
  sessions.commit(head, deletions(41), session.version)
  sessions.pushAll(head, formatSetting('', '').repeat(41))
  t.same(answers, ['acked', 'TOO_MANY_KEYS', 'TOO_MANY_KEYS', 'TOO_MANY_KEYS'])
  t.equal(session.version, 1)
})

t.test('a key of several that is longer than keys may be is refused, with all others', async t => {
  const { session, sessions, head, answers } = begin(t)
  const settings = (length: number) =>
    formatSetting('a', '{"json":1}') + formatSetting('k'.repeat(length), '{"json":1}')
  sessions.pushAll(head, settings(257))
  sessions.commit(head, settings(257), 0)
  t.equal(session.version, 0)
  sessions.pushAll(head, settings(256))
  t.same(answers, ['KEY_INVALID', 'KEY_INVALID', 'acked'])
})
