/**
 * The program of a worker that is a process of its own. Is told what it needs, starts the game, says hello, and from then on runs
 * batches; all of it over the channel that it shares with the gateway, and ends with that.
 */
import { ftruncateSync, writeSync } from 'node:fs'
import { Socket } from 'node:net'
import { runningAs } from '../shared/link/claims.js'
import type { InboxMessage } from '../shared/link/inbox.js'
import type { OutboxMessage } from '../shared/link/outbox.js'
import { Outbox } from '../shared/link/outbox-writer.js'
import { ProcessChannel } from '../shared/link/process-channel.js'
import type { FromProcess, ToProcess } from '../shared/link/process-messages.js'
import { channelFile, runningFile } from '../shared/link/worker-setup.js'
import { showValue } from '../shared/text/shown.js'
import { describeThrown } from '../shared/text/thrown.js'
import { describeFailure, Game } from './game.js'
import type { LinkPort } from './operations/link.js'
import type { Claims } from './running/claims.js'
import { nextTick } from './runtime/own-time.js'
import { boundPrints, printsHaveLeft } from './runtime/prints.js'

/**
 * There is no shared memory: all that is handed out has started, and the pulse is a message. Which request has the thread is written
 * to a file that the gateway reads when the process has ended, or is stuck: then no message can say it.
 */
class ProcessClaims implements Claims {
  readonly #running = new Int32Array(1)
  /** Whether the file could not be written: then nobody is known to have the thread, and all else goes on. */
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

/** What was written last must not be taken for what has the thread now. */
function forgetRunning(): void {
  try {
    ftruncateSync(runningFile)
  } catch {
    // Then it stands: the file is gone, or its disk is.
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

  /** It is the gateway's to end the process. */
  unref(): void {}
}

const port = new ProcessPort()
let game: Promise<Game> | undefined

/** What the gateway says can be read: nobody else has the other end. */
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
      game = Game.start({ setup: message.setup, port, claims: new ProcessClaims() })
      game.then(
        ({ hello }) => send(hello),
        error => {
          send({ kind: 'failed', message: describeFailure(error) })
          channel.end(() => process.exit(1))
        }
      )
      break
    case 'batch':
      void game!.then(each => each.run(message.batch))
      break
    case 'inbox':
      port.receive(message.message)
      break
    case 'stop':
      void game!
        .then(each => each.stop())
        .then(printsHaveLeft)
        .then(() => send({ kind: 'stopped' }))
  }
}

boundPrints(process.stdout)
boundPrints(process.stderr)
// Libraries tell whom they take for the parent that they are ready, as PM2 wants it. The gateway's log has it.
process.send = (message: unknown, ...rest: unknown[]): boolean => {
  send({ kind: 'foreign', message: showValue(message) })
  const callback = rest.find(each => typeof each === 'function') as ((error: null) => void) | undefined
  if (callback !== undefined) nextTick(callback, null)
  return true
}

// A terminal sends its signals to all processes of a program: the gateway's is the one that they are meant for.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR2'] as const)
  process.on(signal, () => {})
