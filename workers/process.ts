/**
 * The main file of a worker process.
 * Receives its setup, starts the game, says hello, and then runs batches. All messages cross one channel to
 * the gateway, and the process ends when that channel closes.
 */
import { ftruncateSync, writeSync } from 'node:fs'
import { Socket } from 'node:net'
import { findInspector, openInspector } from '../shared/examination/inspector.js'
import { runningAs } from '../shared/link/claims.js'
import type { InboxMessage } from '../shared/link/inbox.js'
import type { OutboxMessage } from '../shared/link/outbox.js'
import { Outbox } from '../shared/link/outbox-writer.js'
import { ProcessChannel } from '../shared/link/process/process-channel.js'
import type { FromProcess, ToProcess } from '../shared/link/process/process-messages.js'
import { channelFile, runningFile } from '../shared/link/worker-setup.js'
import { showValue } from '../shared/text/shown.js'
import { describeThrown } from '../shared/text/thrown.js'
import { describeStartFailure, Game } from './game.js'
import type { LinkPort } from './operations/link.js'
import type { Claims } from './running/claims.js'
import { followInspector } from './runtime/inspection.js'
import { nextTick } from './runtime/own-time.js'
import { boundPrints, printsHaveLeft } from './runtime/prints.js'

/**
 * The claims of a process, which shares no memory with the gateway: each request handed out counts as
 * started, and the pulse is a message. The id of the running request is written to a file. The gateway reads
 * that file when the process has ended or is stuck, because no message can arrive then.
 */
class ProcessClaims implements Claims {
  readonly #running = new Int32Array(1)
  /**
   * Whether writing the file has failed. Then the running request is unknown, and everything else goes on.
   */
  #isUnwritable = false

  claim(): boolean {
    return true
  }

  setRunning(rid: number): void {
    if (this.#isUnwritable) return
    this.#running[0] = runningAs(rid)
    try {
      writeSync(runningFile, this.#running, 0, this.#running.byteLength, 0)
    } catch (error) {
      this.#isUnwritable = true
      const outbox = new Outbox()
      const fields = JSON.stringify({ error: describeThrown(error) })
      outbox.log(
        'error',
        "A worker can't write any more which request has the thread: its end is blamed on nobody",
        fields
      )
      send(outbox.take())
      forgetRunning()
    }
  }

  beat(): void {
    send({ kind: 'beat' })
  }
}

/** Empties the file, so that an old id is not taken for the running request. */
function forgetRunning(): void {
  try {
    ftruncateSync(runningFile)
  } catch {
    // The file, or its disk, is gone. The old id stays there.
  }
}

class ProcessPort implements LinkPort {
  #listener: ((message: InboxMessage) => void) | undefined

  on(_event: 'message', listener: (message: InboxMessage) => void): void {
    this.#listener = listener
  }

  receive(message: InboxMessage): void {
    this.#listener?.(message)
  }

  postMessage(message: OutboxMessage): void {
    send(message)
  }

  /** Does nothing: the gateway ends the process. */
  unref(): void {}
}

const port = new ProcessPort()
let game: Promise<Game> | undefined
/** The same, once it has started. Batches come only after its hello. */
let started: Game | undefined

/** Trusts all messages, because only the gateway has the other end of the channel. */
const channel = new ProcessChannel(new Socket({ fd: channelFile, readable: true, writable: true }), {
  onMessage: message => receive(message as ToProcess),
  onUnreadable: () => process.exit(1),
  onClose: () => process.exit(0)
})

function send(message: FromProcess): void {
  channel.send(message)
}

function receive(message: ToProcess): void {
  switch (message.kind) {
    case 'setup':
      // Node has not opened it if another program has its port.
      if (message.asksInspector && findInspector() === undefined) openInspector()
      followInspector(at => send({ kind: 'inspector', at }))
      // What the process has not written yet ends with it, so that only the gateway's ack settles a push.
      game = Game.start({ setup: message.setup, port, claims: new ProcessClaims(), settlesPushes: false })
      game.then(
        each => {
          started = each
          send(each.hello)
        },
        error => {
          send({ kind: 'failed', message: describeStartFailure(error) })
          channel.end(() => process.exit(1))
        }
      )
      break
    case 'batch':
      // At once: the message behind it may abort a request of this batch.
      void started!.run(message.batch)
      break
    case 'inbox':
      port.receive(message.message)
      break
    case 'question': {
      const { id, question } = message
      void game!
        .then(each => each.answer(question))
        .then(
          answer => send({ kind: 'answer', id, answer }),
          error => send({ kind: 'answer', id, answer: null, failure: describeThrown(error) })
        )
      break
    }
    case 'stop':
      void game!
        .then(each => each.stop())
        .then(printsHaveLeft)
        .then(() => send({ kind: 'stopped' }))
  }
}

boundPrints(process.stdout)
boundPrints(process.stderr)
// Some libraries report to the parent process that they are ready, as PM2 expects. The gateway logs such
// messages.
process.send = (message: unknown, ...rest: unknown[]): boolean => {
  send({ kind: 'foreign', message: showValue(message) })
  const callback = rest.find(each => typeof each === 'function') as ((error: null) => void) | undefined
  if (callback !== undefined) nextTick(callback, null)
  return true
}

// A terminal sends its signals to all processes of a program, but only the gateway acts on them.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR2'] as const)
  process.on(signal, () => {})
