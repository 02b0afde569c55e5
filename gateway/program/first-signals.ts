/**
 * Signal handlers for the time before the program is loaded.
 *
 * SIGINT, SIGTERM and SIGQUIT end the process with code 0, since nothing has begun yet. SIGHUP and SIGUSR2
 * are ignored. This file imports nothing, so that its handlers exist from the first moment on.
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

/** Removes these handlers. Called when others are registered: a signal without a handler ends the process. */
export function leaveFirstSignals(): void {
  for (const signal of endings) process.off(signal, end)
  for (const signal of others) process.off(signal, ignore)
}
