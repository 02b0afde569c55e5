/** The audience, against a server that sends what the test says, and against the bench's own two servers. */
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { WebSocket, WebSocketServer } from 'ws'
import type { Contender } from '../../../bench/cases/case.js'
import { cases } from '../../../bench/cases/cases.js'
import type { Audience, LoadAnswer, LoadQuestion } from '../../../bench/load/load.js'
import { Child } from '../../../bench/processes/child.js'
import { Racer } from '../../../bench/processes/racer.js'

// Processes start slowly on a busy machine.
t.setTimeout(300_000)

const asked = {
  kind: 'audience',
  receivers: 3,
  first: 'events.join',
  tick: 'events.ten',
  eventsPerTick: 10,
  inFlight: 2,
  warmupSeconds: 0.01,
  seconds: 0.2
} satisfies Partial<Audience>

interface Hall {
  readonly port: number
  readonly receivers: ReadonlySet<WebSocket>
  /** Ticks that were requested. */
  readonly ticks: number
}

/** Returns the `index`th event of a receiver, from 0; '' for none. */
type EventOf = (index: number, place: number) => string

const right: EventOf = index => `["tick",[${1_000_000 + index},"x"]]`

async function openHall(t: Test, eventOf: EventOf): Promise<Hall> {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 })
  t.teardown(() => {
    for (const socket of server.clients) socket.terminate()
    server.close()
  })
  const receivers = new Set<WebSocket>()
  const hall = { port: 0, receivers, ticks: 0 }
  server.on('connection', socket => {
    // The load may disconnect in the middle of a frame.
    socket.on('error', () => {})
    socket.on('message', data => {
      const [id, route] = JSON.parse(String(data)) as [number, string]
      if (route === 'events.join') receivers.add(socket)
      else {
        const first = hall.ticks++ * 10
        for (const [place, receiver] of [...receivers].entries()) {
          for (let i = first; i < first + 10; i++) {
            const event = eventOf(i, place)
            if (event !== '') receiver.send(event)
          }
        }
      }
      socket.send(`[${id},1]`)
    })
  })
  await once(server, 'listening')
  hall.port = (server.address() as AddressInfo).port
  return hall
}

function listen(t: Test, port: number, pace: Partial<Audience> = {}) {
  const load: Child<LoadQuestion, LoadAnswer> = new Child('load/load')
  t.teardown(() => load.end())
  const listened = load.next('listened')
  load.say({ ...asked, ...pace, port })
  return { load, listened }
}

t.test('an audience asks for tick after tick, and counts what all its receivers get', async t => {
  const hall = await openHall(t, right)
  const { result } = await listen(t, hall.port).listened
  t.equal(hall.receivers.size, 3)
  t.ok(hall.ticks > 2, `${hall.ticks} ticks`)
  t.ok(result.events > 0 && result.events <= hall.ticks * 30, `${result.events} events`)
  t.ok(result.seconds > 0 && result.cpuShare > 0)
})

t.test('at a fixed rate ticks are asked for whether or not all have the one before', async t => {
  const hall = await openHall(t, (index, place) => (place === 0 ? right(index, place) : ''))
  const pace = { inFlight: 0, interval: 1 }
  const { result } = await listen(t, hall.port, pace).listened
  t.ok(hall.ticks > 2, `${hall.ticks} ticks`)
  t.ok(result.events > 0 && result.events <= hall.ticks * 10, `${result.events} events`)
})

t.test('a ping is no event, and a frame that is cut in two is one', async t => {
  const hall = await openHall(t, right)
  const { load, listened } = listen(t, hall.port)
  await load.next('begun')
  for (const receiver of hall.receivers) receiver.ping()
  t.ok((await listened).result.events > 0)
})

const wrong: Record<string, { eventOf: EventOf; message: RegExp }> = {
  'that is lost': {
    eventOf: (index, place) => (index === 14 && place === 1 ? '' : right(index, place)),
    message: /Event 15 was due, and got \["tick",\[1000015,"x"\]\]$/
  },
  'that comes twice': {
    eventOf: (index, place) => right(index === 14 ? 13 : index, place),
    message: /Event 15 was due, and got \["tick",\[1000013,"x"\]\]$/
  },
  'that is something else': {
    eventOf: index => (index === 3 ? '["$error",{"error":"RATE_LIMITED"}]' : right(index, 0)),
    message: /Event 4 was due, and got \["\$error"/
  },
  'that is longer than an event is': {
    eventOf: index => (index === 3 ? `["tick",[1000003,"${'x'.repeat(200)}"]]` : right(index, 0)),
    message: /The audience met a long frame$/
  }
}

for (const [what, { eventOf, message }] of Object.entries(wrong)) {
  t.test(`an event ${what} ends the audience with an error`, async t => {
    const hall = await openHall(t, eventOf)
    await t.rejects(listen(t, hall.port).listened, { message })
  })
}

t.test('an audience that gets nothing, or is thrown out, says so', async t => {
  const silent = await openHall(t, () => '')
  await t.rejects(listen(t, silent.port).listened, { message: /No event came in all that time$/ })
  const hall = await openHall(t, right)
  const { load, listened } = listen(t, hall.port)
  listened.catch(() => {})
  await load.next('begun')
  for (const receiver of hall.receivers) receiver.terminate()
  await t.rejects(listened, { message: /The server closed a connection of the audience$|ECONNRESET|EPIPE/ })
})

/** Returns the first `count` events that a contender sends to one receiver, as they arrived. */
async function eventsOf(t: Test, racer: Racer, tick: string, count: number): Promise<string[]> {
  const socket = new WebSocket(`ws://127.0.0.1:${racer.port}`, 'sallyport.json')
  t.teardown(() => socket.terminate())
  await once(socket, 'open')
  const events: string[] = []
  const all = new Promise<void>(resolve => {
    socket.on('message', data => {
      const text = String(data)
      if (text.startsWith('["')) events.push(text)
      if (events.length === count) resolve()
    })
  })
  socket.send('[1,"events.join",{}]')
  await once(socket, 'message')
  socket.send(`[2,"${tick}",{}]`)
  await all
  return events
}

for (const [name, tick, count] of [
  ['events-fanout', 'events.ten', 10],
  ['events-steady', 'events.one', 1],
  ['events-single', 'events.hundred', 100]
] as const) {
  t.test(`${name}: ours and the floors send the same events`, async t => {
    const { ours, beside } = cases.find(each => each.name === name)!
    const floors = beside.map(({ floor }) => floor as Contender)
    const sent: string[][] = []
    for (const contender of [ours, ...floors]) {
      const racer = await Racer.start(contender)
      t.teardown(() => racer.end())
      sent.push(await eventsOf(t, racer, tick, count))
    }
    t.equal(sent[0]![0], `["tick",[1000000,"${'x'.repeat(64)}"]]`)
    for (const others of sent) t.same(others, sent[0])
  })
}
