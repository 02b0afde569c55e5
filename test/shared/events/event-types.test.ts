/** Tests the types of declared events, by compiling code that sends and receives them. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { compile } from '../../helpers/compile.js'
import { root } from '../../helpers/paths.js'

const declared = `import type { Gateway } from 'sallyport'
import { connect } from 'sallyport/client'
import type { HandlerApp, HandlerContext } from 'sallyport/worker'

declare module 'sallyport/worker' {
  interface Events {
    'chat.said': { from: string; text: string }
    'chat.closed': undefined
  }
}

export function say(context: HandlerContext, app: HandlerApp, gateway: Gateway) {
  const body = { from: 'red', text: 'Hello' }
  context.send('red', 'chat.said', body, { delivery: 'latest' })
  context.broadcast('chat.closed')
  context.channel('room').broadcast('chat.said', body, { except: [] })
  app.broadcast('chat.said', body)
  gateway.broadcast('chat.said', body)
  gateway.channel('room').broadcast('chat.closed')
  // @ts-expect-error there is no such event
  context.broadcast('chat.sad', body)
  // @ts-expect-error the text is missing
  context.send('red', 'chat.said', { from: 'red' })
  // @ts-expect-error the body is missing
  app.broadcast('chat.said')
  // @ts-expect-error the text is no number
  context.channel('room').broadcast('chat.said', { from: 'red', text: 5 })
  // @ts-expect-error there is no such event
  gateway.broadcast('chat.sad', body)
}

const game = await connect('ws://127.0.0.1:1')
game.on('chat.said', ({ text }) => console.log(text.length))
// @ts-expect-error there is no such event
game.on('chat.sad', () => {})
`

t.test('declared events type what handlers, the host and a client send and receive', async t => {
  // Below the project's folder, so that `sallyport` is the package itself.
  const folder = join(root, 'dist/documents/event-types')
  mkdirSync(folder, { recursive: true })
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const file = join(folder, 'declared.ts')
  writeFileSync(file, declared)
  t.same(compile(file), [])
})
