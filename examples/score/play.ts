/**
 * A player in a terminal, with `ws` alone: logs in, and shows a pushed change and one that is not pushed.
 *
 *   npm start -- --example score                               in one terminal
 *   node dist/examples/score/play.js [ws://127.0.0.1:3010]   in another
 */
import { once } from 'node:events'
import { WebSocket } from 'ws'

const url = process.argv[2] ?? 'ws://127.0.0.1:3010'
const socket = new WebSocket(url, 'sallyport.json')
const waiting = new Map<
  number,
  (reply: { body: unknown; error?: { error: string; message: string } }) => void
>()
let lastId = 0

socket.on('message', data => {
  const [id, body, error] = JSON.parse(String(data))
  waiting.get(id)?.({ body, error })
  waiting.delete(id)
})

/** Sends a request and prints it with its reply. */
async function request(route: string, body: unknown, note: string) {
  const id = ++lastId
  const reply = new Promise<{ body: unknown; error?: { error: string; message: string } }>(resolve =>
    waiting.set(id, resolve)
  )
  socket.send(JSON.stringify([id, route, body]))
  const { body: answer, error } = await reply
  const shown = error === undefined ? JSON.stringify(answer) : `${error.error}: ${error.message}`
  console.log(`${route.padEnd(15)} ${JSON.stringify(body).padEnd(34)} → ${shown.padEnd(24)} ${note}`)
}

function fail(why: string): never {
  console.error(why)
  process.exit(1)
}

try {
  await once(socket, 'open')
} catch (error) {
  const { message } = error as Error
  fail(`No gateway answers on ${url} (${message}); start one with: npm start -- --example score`)
}

socket.on('error', ({ message }) => fail(`The connection to ${url} has failed: ${message}`))
socket.on('close', code => {
  // The player's own end comes when no reply is missing.
  if (waiting.size > 0) fail(`The connection was closed, with code ${code}`)
})

await request('profile.login', { name: 'red' }, 'the session is bound to the user "red"')
await request('score.add', { points: 3 }, 'set and pushed')
await request('score.pretend', { points: 100 }, 'set, not pushed: this request sees it …')
await request('score.read', {}, '… and the next one does not')
await request('profile.change', { motto: 'Onwards', push: false }, 'set, not pushed')
await request('profile.change', { motto: 'Gotta go fast' }, 'set and pushed')
await request('profile.read', {}, 'what was pushed is there')
await request('score.add', { points: 'many' }, 'an error with a code of the game')
socket.close()
