/**
 * Last words: when the worker is about to end, says why and, where it is known, by whose doing. What stood in the outbox
 * leaves with it. (Out of memory there are no last words; the gateway sees that by itself.)
 */
import { describeThrown } from '../../shared/text/thrown.js'
import type { Link } from '../operations/link.js'
import { createLinkLogger } from '../operations/link-logger.js'
import { currentAuthor } from '../runtime/author.js'

/** What Node's own process has beside its types. */
interface NodeProcess {
  /** Whether the listeners of 'exit' are called, or were. */
  readonly _exiting?: boolean
  reallyExit(code?: typeof process.exitCode): never
}

export function reportFatal(link: Link): void {
  const say = (cause: string, detail: string) => {
    const { rid, route } = currentAuthor() ?? { rid: 0, route: '' }
    link.outbox.fatal(rid, route, cause, detail)
    link.leave()
  }

  // What `process.exit` ends with: one with a wrong code does not come here, and ends nothing.
  const node = process as unknown as NodeProcess
  const { reallyExit } = node
  node.reallyExit = code => {
    say(`process.exit(${code ?? ''})`, describeThrown(new Error('process.exit was called')))
    return reallyExit.call(process, code)
  }

  const { exit } = process
  process.exit = (code?: number | string | null): never => {
    try {
      return exit(code)
    } catch (error) {
      // A listener of 'exit' has thrown. Node takes the worker for one that is ending, and runs no tick in it any more.
      if (node._exiting === true) return node.reallyExit(process.exitCode ?? 0)
      throw error
    }
  }

  process.on('uncaughtExceptionMonitor', (error, origin) => {
    const cause = origin === 'unhandledRejection' ? 'an unhandled rejection' : 'an uncaught exception'
    if (!isHandledByGame()) return say(cause, describeThrown(error))
    const { rid, route } = currentAuthor() ?? {}
    const log = createLinkLogger(link, { route, requestId: rid })
    log.error('A listener of the game has dealt with an error that nobody caught', { cause, error })
  })
}

/** Whether the worker lives on, since the game listens to what nobody caught. */
function isHandledByGame(): boolean {
  return process.listenerCount('uncaughtException') > 0 || process.hasUncaughtExceptionCaptureCallback()
}
