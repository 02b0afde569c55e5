/**
 * Signal handlers for the time before the program is loaded, and for commands that have none of their own.
 *
 * SIGINT, SIGTERM and SIGQUIT end a gateway that has not begun with code 0, and SIGHUP is ignored. A command
 * has then not done what it was asked for: it ends with 128 and the number of the signal, SIGHUP too. SIGUSR2
 * is ignored. This file imports nothing, so that its handlers exist from the first moment on.
 */

const numbers = { SIGHUP: 1, SIGINT: 2, SIGQUIT: 3, SIGTERM: 15 } as const
const signals = Object.keys(numbers) as (keyof typeof numbers)[]

/** Node's own, also while a configuration file is loaded, whose calls are told as faults. */
const { exit } = process

let isGateway = true

function end(signal: string): void {
  if (!isGateway) exit(128 + numbers[signal as keyof typeof numbers])
  if (signal !== 'SIGHUP') exit(0)
}

function ignore(): void {}

export function hearFirstSignals(): void {
  for (const signal of signals) process.on(signal, end)
  process.on('SIGUSR2', ignore)
}

/** From now on a signal fails the process: it runs a command that is no gateway. */
export function failAtSignals(): void {
  isGateway = false
}

/** Removes these handlers. Called when others are registered: a signal without a handler ends the process. */
export function leaveFirstSignals(): void {
  for (const signal of signals) process.off(signal, end)
  process.off('SIGUSR2', ignore)
}
