#!/usr/bin/env node
/**
 * The program `sallyport`. Hears signals before it loads anything else, and says in a sentence why it can't
 * start.
 */
import { hearFirstSignals } from './first-signals.js'

hearFirstSignals()

try {
  const { run } = await import('./run.js')
  await run()
} catch (error) {
  const { name, code, syscall, message, stack } = error as NodeJS.ErrnoException
  // What a person can mend, or the system refuses, is one sentence; anything else is a fault of ours, and
  // needs its stack.
  const isSentence = name === 'GatewayError' || (code !== undefined && syscall !== undefined)
  process.stderr.write(isSentence ? `sallyport: ${message}\n` : `${stack ?? error}\n`)
  process.exit(1)
}
