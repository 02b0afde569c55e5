#!/usr/bin/env node
/**
 * The entry of the program `sallyport`.
 *
 * Handles signals before it loads anything else, and reports in one sentence why the program cannot start.
 * Its syntax is that of old versions of Node too, on which it says which version is needed.
 */
import { describeUnsupported, isSupported } from '../../shared/node-version.js'
import { hearFirstSignals } from './first-signals.js'

hearFirstSignals()

if (isSupported(process.version)) import('./run.js').then(({ run }) => run()).catch(fail)
else fail({ name: 'GatewayError', message: describeUnsupported(process.version) })

function fail(error: unknown): void {
  const { name, code, syscall, message, stack } = error as NodeJS.ErrnoException
  // An error that the user can fix, or that the system reports, is one sentence. Anything else is a bug of
  // the gateway, and needs its stack.
  const isSentence = name === 'GatewayError' || (code !== undefined && syscall !== undefined)
  const help = code === 'EMFILE' || message.includes('EMFILE') ? '; raise the limit of ulimit -n' : ''
  process.stderr.write(
    isSentence ? `sallyport: ${message.replace(/\n/g, '\nsallyport: ')}${help}\n` : `${stack || error}\n`
  )
  process.exit(1)
}
