/**
 * A program that compares the counted memory of backlogs, sending queues and detached sessions with the heap.
 * Run with --expose-gc, in a process of its own, so that nothing else changes the heap. Prints JSON.
 */

import { Outgoing } from '../../gateway/connections/outgoing.js'
import { createEvent, type GatewayEvent } from '../../gateway/events/event.js'
import { encodeFrame } from '../../gateway/events/frames.js'
import { SharedBudget } from '../../gateway/limits/shared-budget.js'
import type { ClientAddress } from '../../gateway/options/options.js'
import { PomeloMessages } from '../../gateway/protocols/pomelo-messages.js'
import { encodeJson } from '../../gateway/protocols/protocol.js'
import { Backlog } from '../../gateway/resume/backlog.js'
import type { ResumableConnection } from '../../gateway/resume/resumable-parts.js'
import { Resumption } from '../../gateway/resume/resumption.js'
import type { ResumeAnswer } from '../../gateway/resume/resumption-init.js'
import { Channels } from '../../gateway/sessions/channels.js'
import { Registry } from '../../gateway/sessions/registry.js'
import type { Session } from '../../gateway/sessions/session.js'
import { Metrics } from '../../gateway/telemetry/metrics.js'
import { createLogger } from '../../shared/text/log.js'
import { FakeSocket } from './fake-socket.js'

export type KeptMemory = Readonly<Record<string, { readonly counted: number; readonly taken: number }>>

const messages = new PomeloMessages({ emptyBody: '', errorFlag: true, rich: false, counts: true })
const reply = (id: number) => encodeFrame(messages.reply(id, encodeJson({ n: id })), false)
const event = (n: number) => createEvent('tick', n)
const latest = (n: number) => createEvent('at', n, { delivery: 'latest', key: `player ${n}` })
const kept = (each: GatewayEvent) => messages.eventFrame(each)

function newBudget(): SharedBudget {
  return new SharedBudget(Number.MAX_SAFE_INTEGER, () => 1)
}

/** Creates backlogs without a limit, and fills them. */
function backlogs(count: number, fill: (all: readonly Backlog[]) => void) {
  const budget = newBudget()
  const most = Number.MAX_SAFE_INTEGER
  const limits = { maxBacklogBytes: most, maxBacklogMessages: most, maxSendBytes: most }
  const all = Array.from({ length: count }, () => new Backlog(limits, budget))
  fill(all)
  return { budget, all }
}

/** Creates the outgoing queue of a client whose socket accepts nothing, and fills it. */
function outgoing(fill: (to: Outgoing) => void) {
  const budget = newBudget()
  const socket = new FakeSocket()
  socket.isTaking = false
  const metrics = new Metrics()
  const onBehind = () => {
    throw new Error('Nothing is too much here')
  }
  const maxBytes = Number.MAX_SAFE_INTEGER
  const all = new Outgoing({ webSocket: socket, socket, metrics, budget, maxBytes, onBehind })
  all.cork()
  fill(all)
  all.check()
  return { budget, all }
}

const nothing = createLogger('silent', () => {})

/** Creates sessions, fills each, and detaches it. */
function detached(count: number, fill: (session: Session, channels: Channels, number: number) => void) {
  const metrics = new Metrics()
  const registry = new Registry({
    frontendId: 'a',
    singleSession: 'off',
    maxResumeWindow: 0,
    metrics,
    now: () => 0
  })
  const channels = new Channels({ maxChannels: 1_000, maxMembers: 1_000 })
  const resumption = new Resumption({
    registry,
    metrics,
    log: nothing,
    resumeWindow: 1_000,
    unboundResumeWindow: 1_000,
    maxBacklogBytesInAll: Number.MAX_SAFE_INTEGER,
    maxBacklogBytes: Number.MAX_SAFE_INTEGER,
    maxBacklogMessages: 1_000,
    maxSendBytes: 1_000_000,
    maxDetachedSessions: 0,
    maxDetachedSessionsPerAddress: 0,
    maxDetachedBytes: Number.MAX_SAFE_INTEGER,
    monotonic: () => 0
  })
  for (let number = 0; number < count; number++) {
    const own = new PomeloMessages({ emptyBody: '', errorFlag: true, rich: false, counts: true })
    const { receiver } = resumption.admit({ session: undefined }, own, null) as ResumeAnswer
    const connection = new Leaving(`192.0.2.${number % 200}`)
    receiver.attach(connection)
    const session = registry.open(receiver)
    receiver.session = session
    fill(session, channels, number)
    receiver.reply(1, encodeJson({ number }), false)
    receiver.drop(connection, { code: 1006, reason: 'lost', kickReason: null }, false)
  }
  return { budget: { bytes: resumption.awayBytes }, all: { resumption, channels } }
}

/** The short connection of a client that begins a session and leaves. */
class Leaving implements ResumableConnection {
  readonly address: ClientAddress

  constructor(ip: string) {
    this.address = { ip, port: 1 }
  }

  inspect() {
    return { sendBytes: 0, backlog: null, roundTrip: null }
  }
  sendFrame(): void {}
  sendEvent(): boolean {
    return true
  }
  feed(): void {}
  pause(): void {}
  resume(): void {}
  close(): void {}
  end(): void {}
}

const limits = { maxSettingsLength: Number.MAX_SAFE_INTEGER, maxSettingsKeys: Number.MAX_SAFE_INTEGER }

/** Returns a new string that shares no memory, like a text that came over a link. */
const fresh = (text: string) => Buffer.from(text).toString('latin1')

const many = 20_000

const cases = {
  'replies to one': () =>
    backlogs(1, ([to]) => {
      for (let n = 1; n <= many; n++) to!.add(reply(n))
    }),
  'replies to many': () =>
    backlogs(2_000, all => {
      for (let n = 1; n <= many; n++) all[n % all.length]!.add(reply(n))
    }),
  'events to one': () =>
    backlogs(1, ([to]) => {
      for (let n = 1; n <= many; n++) to!.add(kept(event(n)).text)
    }),
  'events to many': () =>
    backlogs(20, all => {
      for (let n = 1; n <= many / 4; n++) for (const to of all) to.add(kept(latest(n)))
    }),
  'latest events to one': () =>
    backlogs(1, ([to]) => {
      for (let n = 1; n <= many; n++) to!.keep(latest(n).latestKey, kept(latest(n)).text)
    }),
  'latest events to many': () =>
    backlogs(20, all => {
      for (let n = 1; n <= many / 4; n++) {
        const each = latest(n)
        for (const to of all) to.keep(each.latestKey, kept(each))
      }
    }),
  'replies to one who does not read': () =>
    outgoing(to => {
      // Events only: a reply would be written at once, even while the socket is corked.
      for (let n = 1; n <= many; n++) to.addEvent(event(n), reply(n))
    }),
  'latest events, and others between, to one who does not read': () =>
    outgoing(to => {
      for (let n = 1; n <= many; n++) {
        to.addEvent(latest(n), kept(latest(n)).text)
        to.addEvent(event(n), kept(event(n)).text)
      }
    }),
  'sessions that hold nothing': () => detached(5_000, () => {}),
  'sessions with many small settings': () =>
    detached(200, (session, _channels, number) => {
      for (let n = 0; n < 200; n++)
        session.changeKey(fresh(`key ${n}`), fresh(`{"json":${number + n}}`), 0, limits)
    }),
  'sessions with a large setting': () =>
    detached(200, session => {
      session.changeKey('large', fresh(`{"json":"${'x'.repeat(60_000)}"}`), 0, limits)
      // Builds the cached text, as a request would.
      if (session.settingsText.length < 60_000) throw new Error('It is not there')
    }),
  'sessions with a large setting of two bytes for each character': () =>
    detached(200, (session, _channels, number) => {
      session.changeKey(
        'large',
        Buffer.from(`{"json":"${number}${'ж'.repeat(30_000)}"}`).toString(),
        0,
        limits
      )
    }),
  'sessions that remember what was deleted': () =>
    detached(200, (session, _channels, number) => {
      for (let n = 0; n < 100; n++) {
        const key = fresh(`${'k'.repeat(240)}${number}.${n}`)
        session.changeKey(key, fresh('{"json":1}'), 0, limits)
        session.changeKey(key, '', 0, limits)
      }
    }),
  'sessions in channels of their own': () =>
    detached(200, (session, channels, number) => {
      for (let n = 0; n < 64; n++) channels.join(session, fresh(`${'c'.repeat(240)}${number}.${n}`))
    })
}

function sweep(): number {
  for (let i = 0; i < 3; i++) globalThis.gc!()
  return process.memoryUsage().heapUsed
}

/** Holds what is being measured, so that it is not collected. */
const held: unknown[] = []

function measure(keep: () => { readonly budget: Pick<SharedBudget, 'bytes'>; readonly all: unknown }) {
  const before = sweep()
  const { budget, all } = keep()
  held.push(all)
  const taken = sweep() - before
  const counted = budget.bytes
  held.pop()
  return { counted, taken }
}

const found: Record<string, { counted: number; taken: number }> = {}
for (const [name, keep] of Object.entries(cases)) {
  // The first run compiles the code.
  measure(keep)
  found[name] = measure(keep)
}
process.stdout.write(JSON.stringify(found))
