/**
 * A program: what is kept for clients that do not take it, as it is counted and as the heap has it. Run with --expose-gc,
 * in a process of its own, so that nothing else moves in its heap. Prints JSON.
 */
import { Backlog } from '../../gateway/backlog.js'
import { createEvent, type GatewayEvent } from '../../gateway/event.js'
import { encodeFrame } from '../../gateway/frames.js'
import { Metrics } from '../../gateway/metrics.js'
import { Outgoing } from '../../gateway/outgoing.js'
import { PomeloMessages } from '../../gateway/pomelo-messages.js'
import { encodeJson } from '../../gateway/protocol.js'
import { SharedBudget } from '../../gateway/shared-budget.js'
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

/** Backlogs that keep so much, with what is done to each. */
function backlogs(count: number, fill: (all: readonly Backlog[]) => void) {
  const budget = newBudget()
  const limits = { maxBacklogBytes: Number.MAX_SAFE_INTEGER, maxBacklogMessages: Number.MAX_SAFE_INTEGER }
  const all = Array.from({ length: count }, () => new Backlog(limits, budget))
  fill(all)
  return { budget, all }
}

/** What is to be sent to one whose socket takes nothing. */
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
  all.hold()
  fill(all)
  all.check()
  return { budget, all }
}

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
      for (let n = 1; n <= many; n++) to!.keep(latest(n).place, kept(latest(n)).text)
    }),
  'latest events to many': () =>
    backlogs(20, all => {
      for (let n = 1; n <= many / 4; n++) {
        const each = latest(n)
        for (const to of all) to.keep(each.place, kept(each))
      }
    }),
  'replies to one who does not read': () =>
    outgoing(to => {
      // What is added as a reply leaves at once while it is held.
      for (let n = 1; n <= many; n++) to.addEvent(event(n), reply(n))
    }),
  'latest events, and others between, to one who does not read': () =>
    outgoing(to => {
      for (let n = 1; n <= many; n++) {
        to.addEvent(latest(n), kept(latest(n)).text)
        to.addEvent(event(n), kept(event(n)).text)
      }
    })
}

function sweep(): number {
  for (let i = 0; i < 3; i++) globalThis.gc!()
  return process.memoryUsage().heapUsed
}

/** What is measured at the moment is here, so that it is not collected. */
const held: unknown[] = []

function measure(keep: () => { readonly budget: SharedBudget; readonly all: unknown }) {
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
  // Once so that all is compiled.
  measure(keep)
  found[name] = measure(keep)
}
process.stdout.write(JSON.stringify(found))
