/** A program of the cluster in a process of its own, whose output is shown line by line behind its name. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { forgetProcess, guardProcess } from './guard.js'

export interface ChildInit {
  readonly command: string
  readonly args: readonly string[]
  readonly env?: NodeJS.ProcessEnv
  /** Called with each line of its output. */
  onLine(line: string, stream: 'out' | 'err'): void
}

export class Child {
  /** Resolves when it has ended, and all of its output has come; to its exit code, or the signal. */
  readonly ended: Promise<number | NodeJS.Signals>
  readonly #process: ChildProcess

  private constructor(process: ChildProcess, ended: Promise<number | NodeJS.Signals>) {
    this.#process = process
    this.ended = ended
  }

  /**
   * Starts a program, which ends with this process at the latest. It is in a process group of its own: Ctrl-C
   * in the terminal does not reach it.
   *
   * @throws the system's error if there is no such program
   */
  static async start({ command, args, env, onLine }: ChildInit): Promise<Child> {
    const child = spawn(command, args, {
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...env }
    })
    const ended = once(child, 'close').then(([code, signal]) => (code ?? signal) as number | NodeJS.Signals)
    ended.catch(() => {})
    await once(child, 'spawn')
    guardProcess(child.pid!)
    child.once('exit', () => forgetProcess(child.pid!))
    createInterface({ input: child.stdout }).on('line', line => onLine(line, 'out'))
    createInterface({ input: child.stderr }).on('line', line => onLine(line, 'err'))
    return new Child(child, ended)
  }

  get pid(): number {
    return this.#process.pid!
  }

  /** Sends a signal. Does nothing if it has ended. */
  kill(signal: NodeJS.Signals): void {
    this.#process.kill(signal)
  }
}
