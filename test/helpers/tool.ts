/** A tool of the program, run from the command line to its end. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Test } from 'tap'
import { root } from './paths.js'

export interface RunningTool {
  readonly process: ChildProcess
  /** Resolves with its exit code, or with the signal that has ended it. */
  readonly ended: Promise<number | NodeJS.Signals>
  out: string
  err: string
}

/** Starts a command of the program, such as `['load', url]`. It ends with the test. */
export function startTool(
  t: Test,
  args: readonly string[],
  { input, env = {} }: { readonly input?: string; readonly env?: Readonly<Record<string, string>> } = {}
): RunningTool {
  const child = spawn(process.execPath, [join(root, 'dist/gateway/program/main.js'), ...args], {
    stdio: 'pipe',
    env: { ...process.env, NODE_OPTIONS: '', FORCE_COLOR: '', ...env }
  })
  t.teardown(() => child.kill('SIGKILL'))
  if (input !== undefined) child.stdin.end(input)
  const ended = once(child, 'close').then(([code, signal]) => code ?? signal)
  const tool: RunningTool = { process: child, ended, out: '', err: '' }
  child.stdout.on('data', data => {
    tool.out += data
  })
  child.stderr.on('data', data => {
    tool.err += data
  })
  return tool
}
