/** Sees to it that the programs that this process has started end with it, even if it is killed. */
import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Guarded } from './guard-process.js'

const file = fileURLToPath(new URL('./guard-process.js', import.meta.url))

let guard: ChildProcess | undefined

/** Has a process killed once this one is gone. */
export function guardProcess(pid: number): void {
  guard ??= start()
  guard.send({ pid } satisfies Guarded)
}

/** A process that has ended must not be killed: its number may be another's by then. */
export function forgetProcess(pid: number): void {
  guard?.send({ pid, isOver: true } satisfies Guarded)
}

function start(): ChildProcess {
  // In a group of its own, so that Ctrl-C in the terminal does not end it.
  const child = fork(file, { detached: true, stdio: 'ignore', execArgv: [] })
  child.on('error', () => {})
  child.on('exit', () => {
    guard = undefined
  })
  // It must not keep this process running.
  child.unref()
  child.channel?.unref()
  return child
}
