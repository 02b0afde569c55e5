/** How many files and sockets this process may have open, made short for a moment: Linux alone can change it from outside. */
import { spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'

/** Files beyond those that are open: what a worker needs to start is more. */
const room = 4

export const canLimitFiles = process.platform === 'linux'

/**
 * Lets this process open almost nothing for so many seconds. A program of its own gives it back: at the limit none can
 * be started. Resolves when that has ended, with whether the limit was there.
 */
export function shortenFiles(seconds: number): Promise<boolean> {
  const [, before] = /Max open files\s+(\d+)/.exec(readFileSync('/proc/self/limits', 'utf8'))!
  const open = readdirSync('/proc/self/fd').length
  const set = `prlimit --pid ${process.pid} --nofile`
  const script = `${set}=${open + room}: && sleep ${seconds}; ${set}=${before}:`
  return new Promise(resolve => {
    const child = spawn('sh', ['-c', script], { stdio: 'ignore' })
    child.on('error', () => resolve(false))
    child.on('exit', code => resolve(code === 0))
  })
}
