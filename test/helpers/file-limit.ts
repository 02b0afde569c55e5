/**
 * Lowers the limit of open files and sockets of this process for a moment. Only Linux lets another program do
 * that.
 */
import { spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'

/** Number of files that may be opened beside those that are open: fewer than the start of a worker needs. */
const room = 4

export const canLimitFiles = process.platform === 'linux'

/**
 * Lets this process open almost no files for `seconds` seconds. Another program, started before, lifts the
 * limit, since this process can't start one at the limit. Resolves when that program has ended, with whether
 * the limit was set.
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
