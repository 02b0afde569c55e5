/** The program, started as a person starts it, with what it has said so far; it ends with the test. */
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
  /** Its exit code, or the signal that has ended it. */
  readonly ended: Promise<number | NodeJS.Signals>
  /** A folder with the file `a.js` of its handlers. */
  readonly folder: string
  out: string
  err: string
}

export interface ProgramOptions {
  readonly handlers: string
  readonly args?: readonly string[]
  readonly nodeArgs?: readonly string[]
  /** What is started in place of Node, with `nodeArgs` before the program's. */
  readonly command?: string
  readonly env?: Readonly<Record<string, string>>
  /** The file that is its stderr; undefined: a pipe. */
  readonly stderr?: number
}

/** Starts it on a free port with one worker. */
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
    env: { ...process.env, NODE_OPTIONS: '', ...env }
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

/** Waits until it listens, and returns where. */
export async function waitForAddress(program: RunningProgram): Promise<string> {
  const find = () => /ws:\/\/[^\s']+/.exec(program.out)?.[0]
  await until('it listens', () => find() !== undefined || program.process.exitCode !== null, 30_000)
  const url = find()
  if (url === undefined) throw new Error(`It did not start: ${program.err}`)
  return url
}
