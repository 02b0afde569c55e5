/** The sockets of the playground, whose threads are made up here. */
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import t from 'tap'
import { root } from '../../helpers/paths.js'

const path = join(root, 'gateway/console/page/player/slow-socket.js')
const { Reading } = await import(pathToFileURL(path).href)

class Thread {
  readonly orders: { readonly kind: string }[] = []
  isOver = false
  onmessage = (_event: { data: object }) => {}
  onerror = () => {}

  constructor() {
    threads.push(this)
  }

  postMessage(order: { readonly kind: string }): void {
    this.orders.push(order)
  }

  terminate(): void {
    this.isOver = true
  }
}

const threads: Thread[] = []
const global = globalThis as { Worker?: unknown }
global.Worker = Thread
t.teardown(() => {
  delete global.Worker
})

/** Opens a socket. Returns it with its thread, and with what it was told. */
function open(reading: { createClass(): new (url: string) => Record<string, unknown> }) {
  const SlowSocket = reading.createClass()
  const socket = new SlowSocket('ws://127.0.0.1:1')
  const told: unknown[] = []
  socket['onerror'] = () => told.push('error')
  socket['onclose'] = ({ code }: { code: number }) => told.push(code)
  return { told, thread: threads.at(-1)! }
}

t.test('a thread ends with its socket, also if the socket could not be made', async t => {
  const reading = new Reading()
  const { told, thread } = open(reading)
  thread.onmessage({ data: { kind: 'close', code: 4500, reason: '' } })
  t.same([told, thread.isOver], [[4500], true])
  const failed = open(reading)
  failed.thread.onerror()
  t.same([failed.told, failed.thread.isOver], [['error', 1006], true])
  const lasting = open(reading)
  reading.pause = 5
  const asked = threads.filter(({ orders }) => orders.some(({ kind }) => kind === 'pause'))
  t.same(asked, [lasting.thread], 'the others are forgotten')
})
