/**
 * Last words: when the worker is about to end, says why and, where it is known, by whose doing. What stood in the outbox
 * leaves with it. (Out of memory there are no last words; the gateway sees that by itself.)
 */
import { describeThrown } from '../shared/thrown.js'
import { currentAuthor } from './author.js'
import type { Link } from './link.js'
import { createLinkLogger } from './link-logger.js'

export function reportFatal(link: Link): void {
  const say = (cause: string, detail: string) => {
    const { rid, route } = currentAuthor() ?? { rid: 0, route: '' }
    link.outbox.fatal(rid, route, cause, detail)
    link.leave()
  }

  const exit = process.exit
  process.exit = (code?: number | string | null): never => {
    // Throws for what is no exit code, as the exit itself would; then nothing ends.
    if (code !== undefined && code !== null) process.exitCode = code
    say(`process.exit(${code ?? ''})`, new Error('process.exit was called').stack ?? '')
    return exit(code)
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
