/** Holds the tables of the link's protocol against the code: what a release has sent, the next one reads. */
import t from 'tap'
import { interestKinds } from '../../../../gateway/cluster/interest/own-names.js'
import { encodeText } from '../../../../gateway/cluster/link/batch-text.js'
import { frameKinds } from '../../../../gateway/cluster/link/links.js'
import {
  formatAck,
  formatData,
  formatFrame,
  formatHead,
  linkVersions,
  messageKinds
} from '../../../../gateway/cluster/link/messages.js'
import { Inbox, inboxKinds } from '../../../../shared/link/inbox.js'
import { outboxKinds } from '../../../../shared/link/outbox.js'
import { Outbox } from '../../../../shared/link/outbox-writer.js'
import { readText } from '../../../helpers/sources.js'

const page = readText('docs/reference/link-protocol.md')

/** Returns the rows of a section's table, as the texts of their cells. */
function rowsOf(heading: string): string[][] {
  const section = page.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? ''
  return section
    .split('\n')
    .filter(line => line.startsWith('| ') && !/^\| (-+|\w+ +\| kind)/.test(line))
    .map(line => line.slice(1, -1).split('|'))
    .map(cells => cells.map(cell => cell.trim()))
}

/** Returns the names and kinds of a section's table. */
function kindsOf(heading: string): Record<string, number> {
  return Object.fromEntries(rowsOf(heading).map(([name, kind]) => [name!.replaceAll('`', ''), Number(kind)]))
}

/** Returns the fields of each row of a section's table. */
function fieldsOf(heading: string): Record<string, string[]> {
  return Object.fromEntries(
    rowsOf(heading).map(([name, , fields]) => [
      name!.replaceAll('`', ''),
      [...fields!.matchAll(/`(\w+)`/g)].map(([, field]) => field!)
    ])
  )
}

/** Kinds of items that stay between a worker and its gateway. */
const ownKinds = [
  'reply',
  'failed',
  'slotDone',
  'ready',
  'log',
  'fatal',
  'refused',
  'awaitOperations',
  'goOn'
]

const headFields = ['rid', 'ack', 'frontendId']
const eventFields = ['name', 'body', 'rich', 'richOnly', 'delivery', 'key']

/** An object in which each field has its name as its value. */
const named = new Proxy<Record<string, never>>({}, { get: (_target, name) => name })

/** Returns what an outbox writes for an operation whose fields have their names as values. */
function write(name: string, fields: readonly string[]): unknown[] {
  const eventAt = fields.indexOf('name')
  const values = fields.map((field, at) => (at === eventAt ? named : field))
  const isOwn = (at: number) =>
    !headFields.includes(fields[at]!) &&
    (eventAt === -1 || at <= eventAt || at >= eventAt + eventFields.length)
  const outbox = new Outbox()
  const method = outbox[name as 'push'] as (...values: unknown[]) => void
  method.call(outbox, named, ...values.filter((_, at) => isOwn(at)))
  // The one field that is a flag.
  return eventAt === -1 ? outbox.take() : outbox.take().map(item => (item === 1 ? 'richOnly' : item))
}

t.test('the kinds of messages, frames, operations, answers and interest are those of the page', async t => {
  t.same(kindsOf('Messages'), messageKinds)
  t.same(kindsOf('Frames'), frameKinds)
  const operations = Object.entries(outboxKinds).filter(([name]) => !ownKinds.includes(name))
  t.same(kindsOf('Operations'), Object.fromEntries(operations))
  t.same(kindsOf('Answers'), inboxKinds)
  t.same(kindsOf('Interest'), interestKinds)
})

t.test('each operation has the fields of the page, in their order', async t => {
  const { origin, ...operations } = fieldsOf('Operations')
  t.ok(Object.keys(operations).length > 20)
  const perUser: string[] = []
  for (const [name, fields] of Object.entries(operations)) {
    const items = write(name, fields)
    const kind = outboxKinds[name as 'push']
    if (items[0] === kind) {
      perUser.push(name)
      t.same(items, [kind, ...fields], name)
    } else t.same(items, [outboxKinds.origin, ...origin!, kind, ...fields], name)
  }
  t.ok(perUser.length > 5 && perUser.every(name => operations[name]![0] === 'rid'))
})

t.test('each answer has the fields of the page, in their order', async t => {
  const fields = fieldsOf('Answers')
  const inbox = new Inbox()
  const { ack, value, code, message, rid, reason } = named
  inbox.acked(ack!, value!)
  t.same(inbox.take(), [inboxKinds.acked, ...fields['acked']!])
  inbox.refused(ack!, { code: code!, message: message! }, value!)
  t.same(inbox.take(), [inboxKinds.refused, ...fields['refused']!])
  inbox.aborted(rid!, reason!)
  t.same(inbox.take(), [inboxKinds.aborted, ...fields['aborted']!])
  inbox.acked(5, '')
  inbox.acked(6, '')
  t.same(inbox.take(), [inboxKinds.allAcked, 5, 6])
  t.same(fields['allAcked'], ['first', 'last'])
})

t.test('messages have the heads of the page', async t => {
  const fields = fieldsOf('Messages')
  const numbers = (names: readonly string[]) => Object.fromEntries(names.map((name, at) => [name, at + 10]))
  const text = (names: readonly string[]) => names.map((_, at) => `${at + 10};`).join('')
  t.equal(formatData(numbers(fields['data']!) as never), text(fields['data']!))
  t.equal(formatAck(numbers(fields['ack']!) as never), text(fields['ack']!))
  t.equal(formatHead({ version: 1, kind: 2, from: 3, epoch: 4 }), '1;2;3;4;')
})

t.test('items are written as on the page', async t => {
  t.equal(formatFrame(3, [12, -0.5, 'hello', null, '']), '3;18;12;-0.5;5:hello~0:')
  t.same(encodeText('1;1:ÿ'), Buffer.from([49, 59, 49, 58, 255]))
  t.same(encodeText('1;1:ж'), Buffer.from('u1;1:ж', 'utf16le'))
})

t.test('the page has a row for each version that this release speaks', async t => {
  const versions = rowsOf('Versions').filter(([version]) => /^\d+$/.test(version!))
  t.equal(versions.length, linkVersions.most)
  t.same(
    versions.map(([version]) => Number(version)),
    Array.from({ length: linkVersions.most }, (_, at) => at + 1)
  )
})
