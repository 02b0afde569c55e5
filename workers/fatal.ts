/**
 * Last words: when the thread is about to end, says why and, where it can be said, because of which request. What
 * stood in the outbox leaves with it. (Out of memory there are no last words; the gateway sees that by itself.)
 */
import type { Link } from './link.js'
import type { Running } from './running.js'

export function reportFatal(link: Link, running: Running): void {
  const say = (cause: string, detail: string) => {
    link.outbox.fatal(running.culprit, cause, detail)
    link.leave()
  }

  const exit = process.exit
  process.exit = (code?: number | string | null): never => {
    say(`process.exit(${code ?? ''})`, new Error('process.exit was called').stack ?? '')
    return exit(code)
  }

  process.on('uncaughtExceptionMonitor', (error, origin) => {
    const cause = origin === 'unhandledRejection' ? 'an unhandled rejection' : 'an uncaught exception'
    say(cause, error instanceof Error ? (error.stack ?? error.message) : String(error))
  })
}
