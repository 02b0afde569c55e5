/** A tool of the program, run from the command line or in a terminal to its end. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
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
  const child = start(t, process.execPath, [program, ...args], env)
  if (input !== undefined) child.stdin!.end(input)
  return listen(child)
}

/** Columns and rows of a terminal. */
export interface TerminalSize {
  readonly columns: number
  readonly rows: number
}

/**
 * Returns the reason why there is no `script` of util-linux, for `skip`; false if there is one. If CI is set,
 * tests without it are not skipped, and fail.
 */
export function whyNoTerminal(): string | false {
  if (process.env['CI'] === 'true') return false
  const { stdout } = spawnSync('script', ['--version'], { encoding: 'utf8' })
  if (stdout?.includes('util-linux')) return false
  return 'there is no script of util-linux: install it (apt-get install bsdutils)'
}

/**
 * Starts a command of the program in a terminal of its own; `out` is all that the terminal gets, and what is
 * written to stdin is typed.
 *
 * @param size undefined: the terminal says that it has 0 columns and rows
 */
export function startInTerminal(t: Test, args: readonly string[], size?: TerminalSize): RunningTool {
  const quoted = [process.execPath, program, ...args].map(each => `'${each}'`).join(' ')
  const sized = size === undefined ? '' : `stty cols ${size.columns} rows ${size.rows}; `
  const line = `unset NO_COLOR FORCE_COLOR; ${sized}exec ${quoted}`
  const env = { TERM: 'xterm', SHELL: '/bin/sh' }
  return listen(start(t, 'script', ['-qec', line, '/dev/null'], env))
}

const program = join(root, 'dist/gateway/program/main.js')

function start(
  t: Test,
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>
): ChildProcess {
  const child = spawn(command, args, {
    stdio: 'pipe',
    env: { ...process.env, NODE_OPTIONS: '', FORCE_COLOR: '', ...env }
  })
  t.teardown(() => child.kill('SIGKILL'))
  return child
}

function listen(child: ChildProcess): RunningTool {
  const ended = once(child, 'close').then(([code, signal]) => code ?? signal)
  const tool: RunningTool = { process: child, ended, out: '', err: '' }
  child.stdout!.on('data', data => {
    tool.out += data
  })
  child.stderr!.on('data', data => {
    tool.err += data
  })
  return tool
}
