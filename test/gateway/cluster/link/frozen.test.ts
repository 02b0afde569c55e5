/**
 * The link's protocol as gateways of earlier releases speak it: texts that must be written and read for ever.
 *
 * `test/fixtures/cluster-protocol/version-1.json` has a text for each operation, answer and message. Whoever
 * breaks this test breaks a rolling update: see docs/reference/link-protocol.md. `FREEZE=1` adds texts for
 * what is new, and changes none.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { hashName } from '../../../../gateway/cluster/interest/name-hash.js'
import { interestKinds } from '../../../../gateway/cluster/interest/own-names.js'
import { formatItems, parseItems } from '../../../../gateway/cluster/link/batch-text.js'
import { frameKinds, type Item } from '../../../../gateway/cluster/link/links.js'
import {
  formatAck,
  formatData,
  formatHead,
  linkVersions,
  messageKinds
} from '../../../../gateway/cluster/link/messages.js'
import { formatHello, type Hello, parseHello } from '../../../../gateway/cluster/members/hello.js'
import { sinceVersions } from '../../../../gateway/cluster/relays/peer-relay.js'
import { Inbox, type InboxReader, readInbox } from '../../../../shared/link/inbox.js'
import {
  type EventReader,
  type OperationReader,
  type OutcomeReader,
  outboxKinds
} from '../../../../shared/link/outbox.js'
import { readOutbox } from '../../../../shared/link/outbox-reader.js'
import { Outbox } from '../../../../shared/link/outbox-writer.js'
import { root } from '../../../helpers/paths.js'

const file = join(root, 'test/fixtures/cluster-protocol/version-1.json')
const frozen: Record<string, string> = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {}

const head = { rid: 7, viewId: -3, ack: 12, frontendId: 'b', sid: 543_210_987_654_321 }
const { sid: _, viewId: __, ...user } = head
const event = { name: 'e', body: '{"ö":1}', rich: '', richOnly: false, delivery: 0, key: '' }

/** The operations that gateways send each other, with a call of each. */
const operations: Readonly<Record<string, readonly unknown[]>> = {
  push: [head, 'gold', '{"json":1}'],
  pushAll: [head, '{"gold":"{}"}'],
  bind: [head, 'ann'],
  unbind: [head, 'ann'],
  update: [head, 'gold', '{"json":2}', '{"json":1}'],
  commit: [head, '{"gold":"{}"}', 4],
  setResumeWindow: [head, -1],
  read: [head],
  readByUid: [user, 'ann'],
  kick: [head, null],
  kickByUid: [user, 'ann', 'Enough'],
  send: [head, event],
  sendToUser: [user, 'ann', event, '[12]'],
  broadcast: [user, 1, event, ''],
  sendToUsers: [user, '["ann"]', event],
  join: [head, 'room 1'],
  leave: [head, 'room 1'],
  joinUser: [user, 'room 1', 'ann'],
  leaveUser: [user, 'room 1', 'ann'],
  sessionsInChannel: [user, 'room 1', 'ann'],
  sendToChannel: [user, 'room 1', { ...event, rich: '{}', delivery: 1, key: 'k' }, ''],
  members: [user, 'room 1', 0, 100],
  channelSize: [user, 'room 1'],
  destroyChannel: [user, 'room 1']
}

/** The operations that are as old as the protocol. Nothing is added here. */
const ofVersion1 =
  'push pushAll bind unbind update commit setResumeWindow read readByUid kick kickByUid send sendToUser broadcast ' +
  'sendToUsers join leave joinUser leaveUser sessionsInChannel sendToChannel members channelSize destroyChannel'

/** What only a worker tells its gateway: no gateway sends it to another. */
const ofWorkers = [
  'reply',
  'failed',
  'slotDone',
  'ready',
  'log',
  'fatal',
  'refused',
  'awaitOperations',
  'goOn',
  // The fields that the operations behind it have in common: each text below has one.
  'origin'
]

const answers: Readonly<Record<string, readonly unknown[]>> = {
  acked: [12, '{"sid":1}'],
  allAcked: [13, ''],
  refused: [12, { code: 'SESSION_NOT_FOUND', message: 'session does not exist, sid: 1' }, '']
}

const messageHead = { version: 1, kind: messageKinds.data, from: 126_401, epoch: 2 }

const messages: Readonly<Record<string, string>> = {
  data:
    formatHead(messageHead) +
    formatData({ number: 9, ack: 8, allAck: 0, cursor: 3, sentAt: 1_764_300_000_000 }),
  ack:
    formatHead({ ...messageHead, kind: messageKinds.ack }) +
    formatAck({ ack: 8, allAck: 1, sentAt: 1_764_300_000_000 }),
  end: formatHead({ ...messageHead, kind: messageKinds.end })
}

const hello: Hello = {
  frontendId: 'b',
  start: 126_401,
  state: 'up',
  version: '0.1.0',
  protocol: { least: 1, most: 1 },
  renewal: 17,
  load: { connections: 1, sessions: 2, queueDelay: 3, eventLoopDelay: 4, heapUsed: 5 },
  alike: {},
  greets: true
}

type Call = readonly [method: string, ...args: unknown[]]

function record<Face extends object>(calls: Call[]): Face {
  return new Proxy({} as Face, {
    get:
      (_target, method) =>
      (...args: unknown[]) =>
        calls.push([String(method), ...structuredClone(args)])
  })
}

function call(on: object, method: string, args: readonly unknown[]): void {
  ;(on as Record<string, (...args: readonly unknown[]) => void>)[method]!(...args)
}

function write(box: Outbox | Inbox, method: string, args: readonly unknown[]): string {
  call(box, method, args)
  return formatItems(box.take() as readonly Item[])
}

const written: Record<string, string> = {}
for (const [name, args] of Object.entries(operations))
  written[`operation ${name}`] = write(new Outbox(), name, args)
for (const [name, args] of Object.entries(answers))
  written[`answer ${name}`] = write(new Inbox(), name === 'allAcked' ? 'acked' : name, args)
for (const [name, text] of Object.entries(messages)) written[`message ${name}`] = text
written['hello'] = String(formatHello(hello))
for (const [name, kind] of Object.entries(frameKinds)) written[`frame ${name}`] = String(kind)
for (const [name, kind] of Object.entries(messageKinds)) written[`kind of message ${name}`] = String(kind)

for (const [name, kind] of Object.entries(interestKinds)) written[`kind of interest ${name}`] = String(kind)
for (const name of ['ann', 'ö 🙂', ''])
  for (const kind of ['user', 'channel'] as const)
    written[`hash of ${kind} ${name}`] = String(hashName(kind, name))

if (process.env['FREEZE'] === '1') {
  const all = { ...written, ...frozen }
  writeFileSync(file, `${JSON.stringify(all, null, 2)}\n`)
  Object.assign(frozen, all)
}

t.test('an operation that came later is asked only of gateways that know it', async t => {
  for (const name of Object.keys(operations)) {
    const since = sinceVersions[name]
    const isNew = !ofVersion1.split(' ').includes(name)
    t.equal(since !== undefined, isNew, `${name}: is it in sinceVersions of peer-relay.ts, if it is new`)
    t.ok((since ?? 1) <= linkVersions.most, `${name}: this release speaks its version`)
  }
})

t.test('each operation is here, or is one that only workers send', async t => {
  t.same([...Object.keys(operations), ...ofWorkers].sort(), Object.keys(outboxKinds).sort())
  t.equal(linkVersions.least, 1, 'version 1 is still spoken')
})

t.test('what is sent to a gateway that speaks version 1 is written as it was', async t => {
  t.same(
    Object.keys(written).filter(name => !(name in frozen)),
    [],
    'all is frozen: FREEZE=1 adds what is new'
  )
  for (const [name, text] of Object.entries(frozen)) if (name !== 'hello') t.equal(written[name], text, name)
  t.match(JSON.parse(written['hello']!), JSON.parse(frozen['hello']!), 'a hello may have more members')
})

t.test('what a gateway of version 1 sends is read as it was meant', async t => {
  for (const [name, args] of Object.entries(operations)) {
    const read: Call[] = []
    readOutbox(
      parseItems(frozen[`operation ${name}`]!),
      record<OutcomeReader>(read),
      record<OperationReader>(read),
      record<EventReader>(read)
    )
    t.equal(read.length, 1)
    t.same(read[0], [name, ...args], name)
  }
  for (const [name, args] of Object.entries(answers)) {
    const read: Call[] = []
    readInbox(parseItems(frozen[`answer ${name}`]!), record<InboxReader>(read))
    t.same(read, [[name === 'allAcked' ? 'acked' : name, ...args]], name)
  }
  t.same(parseHello(Buffer.from(frozen['hello']!)), hello)
})
