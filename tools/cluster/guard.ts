/** Sees to it that the programs that this process has started end with it, even if it is killed. */
import { spawn } from 'node:child_process'
import type { Socket } from 'node:net'
import { fileURLToPath } from 'node:url'
import { killAll } from './kill-all.js'

const file = fileURLToPath(new URL('./guard-process.js', import.meta.url))

const running = new Set<number>()

/** The guard's stdin. What was written to it is read, even if this process ends before the guard is up. */
let guard: Socket | undefined

/** Has a process killed once this one is gone. */
export function guardProcess(pid: number): void {
  running.add(pid)
  if (guard === undefined) guard = start()
  else guard.write(`+${pid}\n`)
}

/** A process that has ended must not be killed: its number may be another's by then. */
export function forgetProcess(pid: number): void {
  running.delete(pid)
  guard?.write(`-${pid}\n`)
}

/** Starts a guard of all that runs: an earlier one may have ended, and what it has known with it. */
function start(): Socket {
  // Before other listeners, which may remove what these programs have opened.
  if (!process.listeners('exit').includes(killRunning)) process.prependListener('exit', killRunning)
  // In a group of its own, so that Ctrl-C in the terminal does not end it.
  const child = spawn(process.execPath, [file], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] })
  const stdin = child.stdin as Socket
  child.on('error', () => {})
  stdin.on('error', () => {})
  child.on('exit', () => {
    guard = undefined
  })
  // It must not keep this process running.
  child.unref()
  stdin.unref()
  for (const pid of running) stdin.write(`+${pid}\n`)
  return stdin
}

function killRunning(): void {
  killAll(running)
}
