/** Runs the bench command as a process, for tests that look at it from outside. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import type { Test } from 'tap'
import { root } from './paths.js'

export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/**
 * Starts the bench in a process group of its own, so that tests can see whether one of its processes is left.
 */
export function startBench(t: Test, args: readonly string[], env: NodeJS.ProcessEnv = {}): ChildProcess {
  const file = join(root, 'dist/bench/run.js')
  const bench = spawn(process.execPath, [file, ...args], { detached: true, env: { ...process.env, ...env } })
  t.teardown(() => {
    if (isGroupAlive(bench)) process.kill(-bench.pid!, 'SIGKILL')
  })
  return bench
}

/** Resolves when the bench and all processes that it started have ended, since they share its stdout. */
export async function endOf(bench: ChildProcess): Promise<Ended> {
  const [stdout, stderr, [code]] = await Promise.all([
    text(bench.stdout!),
    text(bench.stderr!),
    once(bench, 'close')
  ])
  return { code, stdout, stderr }
}

/** Whether the bench, or a process that it started, is running. */
export function isGroupAlive({ pid }: ChildProcess): boolean {
  try {
    return process.kill(-pid!, 0)
  } catch {
    return false
  }
}

/** Returns the objects that `--json` printed, one on each line. */
// biome-ignore lint/suspicious/noExplicitAny: tests know what the rows contain
export function readRows(stdout: string): any[] {
  return stdout
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))
}
