/** A project of files with the program in development mode, whose log lines are waited for in order. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, realpathSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { Test } from 'tap'
import { root } from './paths.js'
import { Player } from './player.js'
import { until } from './until.js'

export interface DevelopmentOptions {
  readonly args?: readonly string[]
  readonly nodeArgs?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** The folder of the package whose program is started. */
  readonly home?: string
}

export class Project {
  readonly folder: string

  /** Creates a folder with these files; it ends with the test. */
  constructor(t: Test, files: Readonly<Record<string, string>>) {
    this.folder = realpathSync(mkdtempSync(join(tmpdir(), 'sallyport-')))
    t.teardown(() => rmSync(this.folder, { recursive: true, force: true }))
    this.write('package.json', '{ "type": "module" }')
    for (const [name, text] of Object.entries(files)) this.write(name, text)
  }

  path(name: string): string {
    return join(this.folder, name)
  }

  /** Writes a file in place. */
  write(name: string, text: string): void {
    mkdirSync(dirname(this.path(name)), { recursive: true })
    writeFileSync(this.path(name), text)
  }

  /** Saves a file as most editors do: writes another one, and gives it the name. */
  save(name: string, text: string): void {
    this.write(`${name}.tmp~`, text)
    renameSync(this.path(`${name}.tmp~`), this.path(name))
  }

  /** Starts the program with the folder `handlers`, from another folder than the project's. */
  start(t: Test, { args = [], nodeArgs = [], env = {}, home = root }: DevelopmentOptions = {}): Development {
    const fixed = [join(home, 'dist/gateway/program/main.js'), '--dev', '--handlers', this.path('handlers')]
    const child = spawn(process.execPath, [...nodeArgs, ...fixed, '--port', '0', '--workers', '1', ...args], {
      cwd: tmpdir(),
      env: { ...process.env, NODE_OPTIONS: '', SALLYPORT_INTERNAL_PORT: 'off', ...env }
    })
    t.teardown(() => child.kill('SIGKILL'))
    return new Development(child)
  }
}

export class Development {
  readonly process: ChildProcessWithoutNullStreams
  readonly ended: Promise<number | NodeJS.Signals>
  out = ''
  err = ''
  #read = 0

  constructor(child: ChildProcessWithoutNullStreams) {
    this.process = child
    this.ended = once(child, 'close').then(([code, signal]) => code ?? signal)
    child.stdout.on('data', data => (this.out += data))
    child.stderr.on('data', data => (this.err += data))
  }

  /** Waits for a line of the log that comes after those that were waited for, and returns it. */
  async says(pattern: RegExp): Promise<string> {
    const find = () => {
      const lines = this.err.slice(this.#read).split('\n').slice(0, -1)
      return lines.find(line => pattern.test(line))
    }
    await until(
      `${pattern} is said`,
      () => find() !== undefined || this.process.exitCode !== null,
      60_000
    ).catch(error => {
      throw new Error(`${error.message}; it said: ${this.err.slice(this.#read)}`)
    })
    const line = find()
    if (line === undefined) throw new Error(`It ended, and said: ${this.err}`)
    this.#read = this.err.indexOf(line, this.#read) + line.length + 1
    return line
  }

  /** Waits for the next reload, and returns its line. */
  reloads(): Promise<string> {
    return this.says(/loaded anew|do not load/)
  }

  /** Waits until the program listens, and returns its URL. */
  async listens(): Promise<string> {
    const find = () => /ws:\/\/[^\s']+/.exec(this.out)?.[0]
    await until('it listens', () => find() !== undefined || this.process.exitCode !== null, 60_000)
    const url = find()
    if (url === undefined) throw new Error(`It did not start: ${this.err}`)
    return url
  }

  async connect(): Promise<Player> {
    return Player.connect(await this.listens())
  }
}
