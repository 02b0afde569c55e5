/**
 * What signals do until there is a program that hears them: those that ask for the end end the process in
 * peace, since nothing has begun, and the others are ignored. Imports nothing, so that it hears them from the
 * first moment on.
 */

const endings = ['SIGINT', 'SIGTERM', 'SIGQUIT'] as const
const others = ['SIGHUP', 'SIGUSR2'] as const

function end(): void {
  process.exit(0)
}

function ignore(): void {}

export function hearFirstSignals(): void {
  for (const signal of endings) process.on(signal, end)
  for (const signal of others) process.on(signal, ignore)
}

/** To be called once others listen: a signal that nobody listens to ends the process. */
export function leaveFirstSignals(): void {
  for (const signal of endings) process.off(signal, end)
  for (const signal of others) process.off(signal, ignore)
}
