/** The program, started from the command line, with its output so far. It ends with the test. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import { root } from './paths.js'
import { until } from './until.js'

export interface RunningProgram {
  readonly process: ChildProcess
  /** Resolves with its exit code, or with the signal that has ended it. */
  readonly ended: Promise<number | NodeJS.Signals>
  /** The folder of its handlers, with one file `a.js`. */
  readonly folder: string
  out: string
  err: string
}

export interface ProgramOptions {
  readonly handlers: string
  readonly args?: readonly string[]
  readonly nodeArgs?: readonly string[]
  /** The command to start instead of Node; `nodeArgs` come before the program's arguments. */
  readonly command?: string
  readonly env?: Readonly<Record<string, string>>
  /** Descriptor of the file to which stderr goes; undefined: a pipe. */
  readonly stderr?: number
}

/** Starts the program on a free port with one worker, and without an internal port unless `args` say so. */
export function startProgram(
  t: Test,
  { handlers, args = [], nodeArgs = [], command = process.execPath, env = {}, stderr }: ProgramOptions
): RunningProgram {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-'))
  writeFileSync(join(folder, 'a.js'), handlers)
  const fixed = [
    join(root, 'dist/gateway/program/main.js'),
    '--handlers',
    folder,
    '--port',
    '0',
    '--workers',
    '1'
  ]
  const child = spawn(command, [...nodeArgs, ...fixed, ...args], {
    stdio: ['ignore', 'pipe', stderr ?? 'pipe'],
    env: { ...process.env, NODE_OPTIONS: '', SALLYPORT_INTERNAL_PORT: 'off', ...env }
  })
  t.teardown(() => {
    child.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  })
  const ended = once(child, 'exit').then(([code, signal]) => code ?? signal)
  const program: RunningProgram = { process: child, ended, folder, out: '', err: '' }
  child.stdout!.on('data', data => {
    program.out += data
  })
  child.stderr?.on('data', data => {
    program.err += data
  })
  return program
}

/** Sends a signal to a program that has begun to end, until it is taken for a second one. */
export async function askOnceMore(
  program: Pick<RunningProgram, 'process' | 'err'>,
  signal: NodeJS.Signals
): Promise<void> {
  await until('it is asked once more', () => {
    program.process.kill(signal)
    return program.err.includes('was asked to end once more')
  })
}

/** Waits until the program listens, and returns its URL. */
export async function waitForAddress(program: RunningProgram): Promise<string> {
  const find = () => /ws:\/\/[^\s']+/.exec(program.out)?.[0]
  await until('it listens', () => find() !== undefined || program.process.exitCode !== null, 30_000)
  const url = find()
  if (url === undefined) throw new Error(`It did not start: ${program.err}`)
  return url
}
