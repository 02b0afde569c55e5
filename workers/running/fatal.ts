/**
 * Reports the end of a worker: why it is about to end, and the request that has caused it.
 * The outbox is sent with the report. A worker that runs out of memory can't report; the gateway notices that
 * by itself.
 */
import { describeThrown } from '../../shared/text/thrown.js'
import type { Link } from '../operations/link.js'
import { createLinkLogger } from '../operations/link-logger.js'
import { currentAuthor } from '../runtime/author.js'

/** Members of Node's process that its types do not have. */
interface NodeProcess {
  /** Whether the listeners of 'exit' are being called or were called. */
  readonly _exiting?: boolean
  reallyExit(code?: typeof process.exitCode): never
}

/** Reports `process.exit`, uncaught exceptions and unhandled rejections from now on. */
export function reportFatal(link: Link): void {
  const report = (cause: string, detail: string) => {
    const { rid, route } = currentAuthor() ?? { rid: 0, route: '' }
    link.outbox.fatal(rid, route, cause, detail)
    link.leave()
  }

  // `process.exit` calls `reallyExit` last. With an invalid code it throws before that, and the worker goes
  // on.
  const node = process as unknown as NodeProcess
  const { reallyExit } = node
  node.reallyExit = code => {
    report(`process.exit(${code ?? ''})`, describeThrown(new Error('process.exit was called')))
    return reallyExit.call(process, code)
  }

  const { exit } = process
  process.exit = (code?: number | string | null): never => {
    try {
      return exit(code)
    } catch (error) {
      // A listener of 'exit' has thrown. Node already regards the worker as ending, and runs no more ticks in
      // it.
      if (node._exiting === true) return node.reallyExit(process.exitCode ?? 0)
      throw error
    }
  }

  process.on('uncaughtExceptionMonitor', (error, origin) => {
    const cause = origin === 'unhandledRejection' ? 'an unhandled rejection' : 'an uncaught exception'
    if (!isHandledByGame()) return report(cause, describeThrown(error))
    const { rid, route, sid } = currentAuthor() ?? {}
    const log = createLinkLogger(link, { route, requestId: rid, sid })
    log.error('A listener of the game has dealt with an error that nobody caught', { cause, error })
  })
}

/** Whether the worker survives an uncaught exception, because the game handles those. */
function isHandledByGame(): boolean {
  return process.listenerCount('uncaughtException') > 0 || process.hasUncaughtExceptionCaptureCallback()
}
