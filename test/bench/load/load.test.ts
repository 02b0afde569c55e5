/** The load's process, against servers that reply as the test says. Its speed does not matter here. */
import { once } from 'node:events'
import type { AddressInfo, Socket } from 'node:net'
import t, { type Test } from 'tap'
import { type WebSocket, WebSocketServer } from 'ws'
import type { Flood, LoadAnswer, LoadQuestion, OpenLoop } from '../../../bench/load/load.js'
import { arrivalsOf } from '../../../bench/load/open-loop.js'
import { Child } from '../../../bench/processes/child.js'

// Processes start slowly on a busy machine.
t.setTimeout(300_000)

type Load = Child<LoadQuestion, LoadAnswer>

function startLoad(t: Test): Load {
  const load: Load = new Child('load/load')
  t.teardown(() => load.end())
  return load
}

type Request = readonly [id: number, route: string, body: unknown]

/** Returns the reply to a socket's request; the first has number 0. '' means no reply. */
type Answer = (request: Request, index: number, socket: WebSocket) => string

interface Scripted {
  readonly port: number
  /** Routes that were requested, of all sockets together. */
  readonly routes: string[]
  readonly sockets: ReadonlySet<WebSocket>
}

async function startServer(t: Test, answer: Answer): Promise<Scripted> {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 })
  t.teardown(() => {
    for (const socket of server.clients) socket.terminate()
    server.close()
  })
  const routes: string[] = []
  server.on('connection', socket => {
    let index = 0
    // The load may disconnect in the middle of a frame.
    socket.on('error', () => {})
    socket.on('message', data => {
      const request: Request = JSON.parse(String(data))
      routes.push(request[1])
      const said = answer(request, index++, socket)
      if (said !== '') socket.send(said)
    })
  })
  await once(server, 'listening')
  return { port: (server.address() as AddressInfo).port, routes, sockets: server.clients }
}

const counting: Answer = ([id], index) => `[${id},${index + 1}]`

const shortFlood = {
  kind: 'flood',
  sockets: 2,
  inFlight: 3,
  route: 'counter.add',
  bodyBytes: 64,
  check: 'counted',
  warmupSeconds: 0.01,
  seconds: 0.2
} satisfies Partial<Flood>

const shortLoop = {
  kind: 'open-loop',
  seed: 1,
  rate: 400,
  sockets: 3,
  route: 'counter.add',
  bodyBytes: 64,
  warmupSeconds: 0.05,
  seconds: 0.1
} satisfies Partial<OpenLoop>

function ask<Kind extends LoadAnswer['kind']>(load: Load, question: LoadQuestion, kind: Kind) {
  const answer = load.next(kind)
  load.say(question)
  return answer
}

t.test('a flood keeps so many requests in flight on each socket, and counts replies', async t => {
  const waiting = new Map<WebSocket, string[]>()
  const { port } = await startServer(t, (request, index, socket) => {
    const replies = waiting.get(socket) ?? []
    waiting.set(socket, replies)
    // No request is answered until as many have arrived as should be in flight; then all are, in one piece.
    if (replies.push(counting(request, index, socket)) === 3) {
      const { _socket: bytes } = socket as unknown as { _socket: Socket }
      bytes.cork()
      for (const reply of replies.splice(0)) socket.send(reply)
      bytes.uncork()
    }
    return ''
  })
  const { result } = await ask(startLoad(t), { ...shortFlood, port }, 'done')
  t.equal(waiting.size, 2)
  t.ok(result.replies > 0 && result.seconds > 0 && result.cpuShare > 0)
  t.same([result.p50, result.p99], [undefined, undefined], 'nobody knows which reply is whose in time')
})

t.test('with one request in flight on each socket a flood tells how long replies took', async t => {
  const { port } = await startServer(t, counting)
  const { result } = await ask(startLoad(t), { ...shortFlood, inFlight: 1, port }, 'done')
  t.ok(result.p50! > 0 && result.p99! >= result.p50!)
})

t.test('a flood asks once for what comes first, on each socket, and does not count it', async t => {
  const { port, routes } = await startServer(t, ([id], index) => `[${id},${index === 0 ? '"done"' : index}]`)
  await ask(startLoad(t), { ...shortFlood, first: 'session.furnish', port }, 'done')
  const isFirst = (route: string) => route === 'session.furnish'
  t.equal(routes.filter(isFirst).length, 2)
  t.ok(routes.slice(0, 2).every(isFirst), 'before anything else')
  t.ok(routes.length > 2)
})

t.test('bodies of any length go there and back', async t => {
  const { port } = await startServer(t, ([id, , body]) => JSON.stringify([id, body]))
  const load = startLoad(t)
  for (const bodyBytes of [200, 65_000, 70_000]) {
    const { result } = await ask(load, { ...shortFlood, bodyBytes, check: 'ordered', port }, 'done')
    t.ok(result.replies > 0, `${bodyBytes} bytes`)
  }
})

t.test('a ping in the middle of a flood is answered', async t => {
  const { port, sockets } = await startServer(t, counting)
  const load = startLoad(t)
  const begun = load.next('begun')
  const done = ask(load, { ...shortFlood, seconds: 0.3, port }, 'done')
  await begun
  const pongs = [...sockets].map(socket => {
    socket.ping('here?')
    return once(socket, 'pong')
  })
  t.same(
    (await Promise.all(pongs)).map(([said]) => String(said)),
    ['here?', 'here?']
  )
  t.ok((await done).result.replies > 0)
})

const wrong: Record<string, { answer: Answer; message: RegExp }> = {
  'a counter that skips a number': {
    answer: ([id], index) => `[${id},${index < 5 ? index + 1 : index + 2}]`,
    message: /Wrong answer: the counter of a socket should be 6 and is 7$/
  },
  'replies in another order': {
    answer: ([id], index) => `[${index === 5 ? id + 1 : id},${index + 1}]`,
    message: /Wrong answer: the reply to 1005 was due, and 1006 was answered$/
  },
  'a body that is no number where one is counted': {
    answer: ([id]) => `[${id},"1"]`,
    message: /Wrong answer: the counter of a socket should be 1 and is NaN$/
  },
  'an error': {
    answer: ([id]) => `[${id},null,{"error":"INTERNAL"}]`,
    message: /The server answered with an error: 1000 INTERNAL$/
  },
  'a close': {
    answer: (_request, _index, socket) => {
      socket.close(4001, 'silent for too long')
      return ''
    },
    message: /The server closed a connection of the load: 4001 silent for too long$|ECONNRESET|EPIPE/
  },
  'an end without a word': {
    answer: (_request, _index, socket) => {
      socket.terminate()
      return ''
    },
    message: /The server closed a connection of the load$|ECONNRESET|EPIPE/
  }
}

for (const [what, { answer, message }] of Object.entries(wrong)) {
  t.test(`${what} ends a flood and an open loop with an error`, async t => {
    const { port } = await startServer(t, answer)
    await t.rejects(ask(startLoad(t), { ...shortFlood, port }, 'done'), { message })
    // One socket, so that its requests are those that the wrong reply is about.
    await t.rejects(ask(startLoad(t), { ...shortLoop, sockets: 1, port }, 'paced'), { message })
  })
}

t.test('a flood that nobody answers ends with an error', async t => {
  const { port } = await startServer(t, () => '')
  await t.rejects(ask(startLoad(t), { ...shortFlood, port }, 'done'), {
    message: /No reply came in all that time$/
  })
})

t.test('where nobody listens the load says so', async t => {
  const { port } = await startServer(t, counting)
  const load = startLoad(t)
  // For a while, nobody uses the port of a closed server.
  const gone = new WebSocketServer({ host: '127.0.0.1', port: 0 })
  await once(gone, 'listening')
  const { port: nobodys } = gone.address() as AddressInfo
  gone.close()
  await once(gone, 'close')
  t.not(nobodys, port)
  await t.rejects(ask(load, { ...shortFlood, port: nobodys }, 'done'), { message: /ECONNREFUSED/ })
})

t.test('an open loop sends what was drawn, answered or not, and waits for the last reply', async t => {
  const asked = { ...shortLoop, heavy: { route: 'burn.twenty', share: 0.3 } }
  const arrivals = arrivalsOf(asked)
  const held: (() => void)[] = []
  const counts = new Map<WebSocket, number>()
  const { port, routes } = await startServer(t, ([id, route], _index, socket) => {
    const isHeavy = route === 'burn.twenty'
    const count = (counts.get(socket) ?? 0) + (isHeavy ? 0 : 1)
    counts.set(socket, count)
    held.push(() => socket.send(`[${id},${isHeavy ? 20_000 + held.length : count}]`))
    // No request is answered until all sockets have sent one.
    if (held.length === arrivals.length) for (const send of held) send()
    return ''
  })
  const { result } = await ask(startLoad(t), { ...asked, port }, 'paced')
  t.equal(routes.length, arrivals.length)
  const heavy = arrivals.filter(({ isHeavy }) => isHeavy).length
  t.equal(routes.filter(route => route === 'burn.twenty').length, heavy)
  t.equal(result.heavyValues.length, heavy)
  t.equal(result.requests, arrivals.filter(({ at }) => at >= 50).length, 'the warm-up is not counted')
})

t.test('a latency is counted from when its request was due, and lateness is told', async t => {
  // The last request has all of them answered, so the first counted one has waited about as long as the loop
  // took.
  const asked = { ...shortLoop, sockets: 1 }
  const arrivals = arrivalsOf(asked)
  const replies: string[] = []
  const { port } = await startServer(t, (request, index, socket) => {
    replies.push(counting(request, index, socket))
    if (replies.length === arrivals.length) for (const reply of replies) socket.send(reply)
    return ''
  })
  const { result } = await ask(startLoad(t), { ...asked, port }, 'paced')
  const counted = arrivals.filter(({ at }) => at >= 50)
  const longest = (counted.at(-1)!.at - counted[0]!.at) * 1000
  t.ok(result.p99 >= longest, `${result.p99} of at least ${longest}`)
  t.ok(result.p50 < result.p99)
  t.ok(result.lateP99 > 0)
})

t.test('an open loop of which nothing is due says so', async t => {
  const { port } = await startServer(t, counting)
  await t.rejects(ask(startLoad(t), { ...shortLoop, rate: 0.001, port }, 'paced'), {
    message: /No request was due in all that time$/
  })
})

t.test('a crowd comes, asks for one thing each, stays, and leaves', async t => {
  const { port, routes, sockets } = await startServer(t, counting)
  const load = startLoad(t)
  const become = (size: number) =>
    ask(load, { kind: 'crowd', port, first: 'session.login', size }, 'gathered')
  await become(3)
  t.same([sockets.size, routes], [3, Array(3).fill('session.login')])
  await become(150)
  t.same([sockets.size, routes.length], [150, 150], 'more than are let in at a time')
  for (const socket of sockets) socket.ping()
  await Promise.all([...sockets].map(socket => once(socket, 'pong')))
  await become(20)
  t.same([sockets.size, routes.length], [20, 150])
  await become(0)
  t.equal(sockets.size, 0, 'the server knows that they have left')
})

t.test('a crowd of whom one is thrown out ends with an error', async t => {
  const { port, sockets } = await startServer(t, counting)
  const load = startLoad(t)
  await ask(load, { kind: 'crowd', port, first: 'session.login', size: 2 }, 'gathered')
  const failed = load.next('gathered')
  for (const socket of sockets) socket.close(4001)
  await t.rejects(failed, { message: /The server closed a connection of the load: 4001$/ })
})
