/**
 * The program of a worker that is a process of its own. Is told what it needs, starts the game, says hello, and from then on runs
 * batches; all of it over the channel that it shares with the gateway, and ends with that.
 */
import { writeSync } from 'node:fs'
import { runningAs } from '../shared/claims.js'
import { type FromProcess, runningFile, type ToProcess } from '../shared/hello.js'
import type { InboxMessage } from '../shared/inbox.js'
import type { OutboxMessage } from '../shared/outbox.js'
import type { Claims } from './claims.js'
import { describeFailure, Game } from './game.js'
import type { LinkPort } from './link.js'
import { boundPrints } from './prints.js'

/**
 * There is no shared memory: all that is handed out has started, and the pulse is a message. Which request has the thread is written
 * to a file that the gateway reads when the process has ended, or is stuck: then no message can say it.
 */
class ProcessClaims implements Claims {
  readonly #running = new Int32Array(1)

  claim(): boolean {
    return true
  }

  setRunning(rid: number): void {
    this.#running[0] = runningAs(rid)
    writeSync(runningFile, this.#running, 0, this.#running.byteLength, 0)
  }

  beat(): void {
    say({ kind: 'beat' })
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
    say({ kind: 'outbox', message })
  }

  /** It is the gateway's to end the process. */
  unref(): void {}
}

const port = new ProcessPort()
let game: Promise<Game> | undefined

function say(words: FromProcess): void {
  // A gateway that is gone hears nothing, and the process ends in a moment.
  if (process.connected) process.send!(words)
}

function hear(words: ToProcess): void {
  switch (words.kind) {
    case 'setup':
      game = Game.start({ setup: words.setup, port, claims: new ProcessClaims() })
      game.then(
        ({ hello }) => say(hello),
        error => process.send!({ kind: 'failed', message: describeFailure(error) }, () => process.exit(1))
      )
      break
    case 'batch':
      void game!.then(each => each.run(words.batch))
      break
    case 'inbox':
      port.receive(words.message)
      break
    case 'stop':
      void game!.then(each => each.stop()).then(() => say({ kind: 'stopped' }))
  }
}

boundPrints(process.stdout)
boundPrints(process.stderr)
process.on('message', hear)
process.on('disconnect', () => process.exit(0))
// A terminal sends its signals to all processes of a program: the gateway's is the one that they are meant for.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR2'] as const)
  process.on(signal, () => {})
