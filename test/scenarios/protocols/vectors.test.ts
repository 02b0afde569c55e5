/** The test vectors for clients in other languages, checked against the gateway. */
import { once } from 'node:events'
import t, { type Test } from 'tap'
import { WebSocket } from 'ws'
import {
  decodeMessage,
  type MessageHead,
  type MessageKind,
  messageHeaderSize,
  messageKinds,
  writeMessageHeader
} from '../../../shared/wire/message.js'
import { decodePackages, encodePackage, packageKinds } from '../../../shared/wire/package.js'
import { decodeCount, encodeCount } from '../../../shared/wire/resume.js'
import { startGateway } from '../../helpers/gateway.js'
import { matchRows } from '../../helpers/match-rows.js'
import { fixture } from '../../helpers/paths.js'
import { readText } from '../../helpers/sources.js'
import { until } from '../../helpers/until.js'

const handlers = fixture('handlers-vectors')

const readVectors = (name: string) => JSON.parse(readText(`docs/reference/vectors/${name}.json`))

interface MessageVector {
  readonly kind: keyof typeof messageKinds
  readonly id?: number
  readonly route?: string | number
  readonly isError?: true
  readonly uncounted?: true
  readonly body: string
}

/** A step's object has one of these members. */
type Json = Readonly<Record<string, unknown>>

interface Step {
  readonly connect?: string
  readonly send?: Json
  readonly expect?: Json
  readonly on?: string
  readonly cut?: string
  readonly close?: number
  readonly note?: string
}

function encodeMessage(head: MessageHead, body: string): Uint8Array {
  const message = new Uint8Array(messageHeaderSize(head) + Buffer.byteLength(body))
  message.set(Buffer.from(body), writeMessageHeader(message, 0, head))
  return message
}

const encodeHex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')

t.test('packages: each is decoded to what it says, and encoded to its bytes', async t => {
  const { messages, counts, empty } = readVectors('packages')
  for (const { name, hex, message } of messages as { name: string; hex: string; message: MessageVector }[]) {
    const { body, kind, ...rest } = message
    const bytes = Buffer.from(hex, 'hex')
    const found = decodePackages(bytes)
    matchRows(t, found, [{ kind: packageKinds.data }], name)
    const { bodyStart, ...header } = decodeMessage(bytes, found[0]!.start, found[0]!.end)
    const plain = {
      id: 0,
      route: '',
      gzipped: false,
      isError: false,
      uncounted: false,
      traceparent: undefined
    }
    t.same(header, { ...plain, ...rest, kind: messageKinds[kind] }, name)
    t.equal(bytes.toString('utf8', bodyStart), body, name)
    const encoded = encodeMessage({ ...rest, kind: messageKinds[kind] as MessageKind }, body)
    t.equal(encodeHex(encodePackage(packageKinds.data, encoded)), hex, name)
  }
  for (const { count, hex } of counts as { count: number; hex: string }[]) {
    const bytes = Buffer.from(hex, 'hex')
    const [found] = decodePackages(bytes)
    t.equal(found!.kind, packageKinds.received)
    t.equal(decodeCount(bytes, found!.start, found!.end), count)
    t.equal(encodeHex(encodePackage(packageKinds.received, encodeCount(count))), hex)
  }
  for (const name of ['handshakeAck', 'heartbeat'] as const)
    t.equal(encodeHex(encodePackage(packageKinds[name])), empty[name])
})

t.test('packages: what is malformed is refused', async t => {
  for (const { name, hex } of readVectors('packages').malformed as { name: string; hex: string }[]) {
    const bytes = Buffer.from(hex, 'hex')
    t.throws(
      () => {
        for (const { kind, start, end } of decodePackages(bytes)) {
          if (kind === packageKinds.received) decodeCount(bytes, start, end)
          else decodeMessage(bytes, start, end)
        }
      },
      { code: 'FRAME_MALFORMED' },
      name
    )
  }
})

/** One connection of a conversation, with all that it received and that was not checked yet. */
class Peer {
  readonly ws: WebSocket
  readonly came: Json[] = []

  constructor(ws: WebSocket) {
    this.ws = ws
    ws.on('message', (data: Buffer) => {
      for (const { kind, start, end } of decodePackages(data))
        this.came.push(describe(kind, data, start, end))
    })
    ws.on('close', code => this.came.push({ close: code }))
    ws.on('error', () => {})
  }

  async next(): Promise<Json> {
    await until('the gateway has said something', () => this.came.length > 0)
    return this.came.shift()!
  }
}

function describe(kind: number, bytes: Buffer, start: number, end: number): Json {
  switch (kind) {
    case packageKinds.handshake:
      return { handshake: JSON.parse(bytes.toString('utf8', start, end)) }
    case packageKinds.heartbeat:
      return { heartbeat: null }
    case packageKinds.kick:
      return { kick: JSON.parse(bytes.toString('utf8', start, end)) }
    case packageKinds.received:
      return { received: decodeCount(bytes, start, end) }
    default: {
      const { kind: of, id, route, uncounted, bodyStart } = decodeMessage(bytes, start, end)
      const body = JSON.parse(bytes.toString('utf8', bodyStart, end))
      return of === messageKinds.reply
        ? { reply: { id, body, counts: true } }
        : { event: { route, body, counts: !uncounted } }
    }
  }
}

function encodeSend(send: Json): Uint8Array {
  const [kind, value] = Object.entries(send)[0] as [string, { id?: number; route: string; body: unknown }]
  switch (kind) {
    case 'handshake':
      return encodePackage(packageKinds.handshake, Buffer.from(JSON.stringify(value)))
    case 'handshakeAck':
      return encodePackage(packageKinds.handshakeAck)
    case 'received':
      return encodePackage(packageKinds.received, encodeCount(value as unknown as number))
    default: {
      const { id = 0, route, body } = value
      const head = { kind: messageKinds[kind as 'request' | 'notify'], id, route }
      return encodePackage(packageKinds.data, encodeMessage(head, JSON.stringify(body)))
    }
  }
}

/** Compares what came with what was expected. A text that begins with `$` takes the value that came. */
function compare(t: Test, came: unknown, expected: unknown, values: Map<string, unknown>): void {
  if (typeof expected === 'string' && expected.startsWith('$')) {
    t.type(came, 'string', expected)
    if (expected.includes('oken')) t.not(came, values.get(expected), `${expected} is another one`)
    values.set(expected, came)
  } else if (typeof expected === 'object' && expected !== null) {
    for (const [name, value] of Object.entries(expected)) {
      const member = (came as Json | undefined)?.[name]
      if (value === null) t.ok(member === undefined || member === null, `${name} is not there`)
      else compare(t, member, value, values)
    }
  } else {
    t.equal(came, expected)
  }
}

function fill(value: unknown, values: Map<string, unknown>): unknown {
  if (typeof value === 'string') return values.get(value) ?? value
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, fill(each, values)]))
}

for (const { name, steps } of readVectors('conversations') as { name: string; steps: Step[] }[]) {
  t.test(`a conversation: ${name}`, async t => {
    const { gateway } = await startGateway(t, handlers, { workers: 1 })
    const peers = new Map<string, Peer>()
    const values = new Map<string, unknown>()
    t.teardown(() => {
      for (const { ws } of peers.values()) ws.terminate()
    })
    let peer: Peer | undefined
    for (const step of steps) {
      if (step.connect !== undefined) {
        const ws = new WebSocket(gateway.url)
        peer = new Peer(ws)
        peers.set(step.connect, peer)
        await once(ws, 'open')
      } else if (step.send !== undefined) {
        peer!.ws.send(encodeSend(fill(step.send, values) as Json))
      } else if (step.expect !== undefined) {
        const of = step.on === undefined ? peer! : peers.get(step.on)!
        compare(t, await of.next(), step.expect, values)
      } else if (step.cut !== undefined) {
        peers.get(step.cut)!.ws.terminate()
        const { connections } = gateway.metrics()
        await until('the gateway sees the cut', () => gateway.metrics().connections < connections)
      } else if (step.close !== undefined) {
        peer!.ws.close(step.close)
        await until('its session has ended', () => gateway.metrics().sessions === 0)
      }
    }
    t.same(peer!.came, [], 'nothing came that was not expected')
  })
}
