#!/usr/bin/env node
/**
 * The entry of the program `sallyport`.
 *
 * Handles signals before it loads anything else, and reports in one sentence why the program cannot start.
 * Its syntax is that of old versions of Node too, on which it says which version is needed.
 */
import { inspect } from 'node:util'
import { describeUnsupported, isSupported } from '../../shared/node-version.js'
import { hearFirstSignals } from './first-signals.js'

hearFirstSignals()

if (isSupported(process.version)) import('./run.js').then(({ run }) => run()).catch(fail)
else fail(Object.assign(new Error(describeUnsupported(process.version)), { name: 'GatewayError' }))

function fail(error: unknown): void {
  process.stderr.write(`${describe(error)}\n`)
  process.exit(1)
}

/**
 * An error that the user can fix, or that the system reports, is one sentence. Anything else needs its stack.
 * The game may throw what is no error.
 */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return `sallyport: The start has failed: ${inspect(error)} was thrown`
  const { name, code, syscall, message, stack } = error as NodeJS.ErrnoException
  const text = String(message)
  const isSentence = name === 'GatewayError' || (code !== undefined && syscall !== undefined)
  if (!isSentence) return String(stack || error)
  const help = code === 'EMFILE' || text.includes('EMFILE') ? '; raise the limit of ulimit -n' : ''
  return `sallyport: ${text.replace(/\n/g, '\nsallyport: ')}${help}`
}
