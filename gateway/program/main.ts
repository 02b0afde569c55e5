#!/usr/bin/env node
/**
 * The entry of the program `sallyport`.
 *
 * Handles signals before it loads anything else, and reports in one sentence why the gateway cannot start.
 */
import { hearFirstSignals } from './first-signals.js'

hearFirstSignals()

try {
  const { run } = await import('./run.js')
  await run()
} catch (error) {
  const { name, code, syscall, message, stack } = error as NodeJS.ErrnoException
  // An error that the user can fix, or that the system reports, is one sentence. Anything else is a bug of
  // the gateway, and needs its stack.
  const isSentence = name === 'GatewayError' || (code !== undefined && syscall !== undefined)
  process.stderr.write(isSentence ? `sallyport: ${message}\n` : `${stack ?? error}\n`)
  process.exit(1)
}
