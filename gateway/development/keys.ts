/**
 * The keys of development mode: `r` and Enter reload.
 * Reads stdin only if it is a terminal in whose foreground the program runs, or a pipe. A program in the
 * background that reads from its terminal would be stopped by SIGTTIN.
 */
import { execFileSync } from 'node:child_process'
import { fstatSync, readFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { isatty } from 'node:tty'

const stdin = 0

/** Milliseconds between two looks whether a program of the background has come to the foreground. */
const foregroundInterval = 2_000

/** Calls `onReload` for each line `r`. Does not keep the process alive. */
export function followKeys(onReload: () => void): void {
  if (!isatty(stdin)) {
    if (isPipe()) readLines(onReload)
    return
  }
  let input: Socket | undefined
  const follow = () => {
    if (!isInForeground()) return void input?.pause()
    input ??= readLines(onReload)
    input.resume().unref()
  }
  // A shell sends SIGCONT when it puts the program into the foreground, or lets it go on in the background.
  // A job that runs in the background gets no signal when it comes to the foreground.
  if (process.platform !== 'win32') {
    process.on('SIGCONT', follow)
    setInterval(() => {
      if (input?.isPaused() !== false) follow()
    }, foregroundInterval).unref()
  }
  follow()
}

function readLines(onReload: () => void): Socket {
  const input = process.stdin as unknown as Socket
  input.on('error', () => {})
  // Any other line is ignored: it may be meant for nobody, as in a program that pipes its output.
  createInterface({ input, terminal: false }).on('line', line => {
    if (/^\s*r\s*$/i.test(line)) onReload()
  })
  return input.unref()
}

function isPipe(): boolean {
  try {
    const found = fstatSync(stdin)
    return found.isFIFO() || found.isSocket()
  } catch {
    // It is closed.
    return false
  }
}

/** Whether the program's process group has the terminal. */
function isInForeground(): boolean {
  if (process.platform === 'win32') return true
  try {
    const [group, foreground] = process.platform === 'linux' ? readGroups() : askForGroups()
    return group === foreground
  } catch {
    return false
  }
}

/** Returns the process group, and that of the terminal's foreground, from `/proc` (see proc(5)). */
function readGroups(): (string | undefined)[] {
  const stat = readFileSync('/proc/self/stat', 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return [fields[2], fields[5]]
}

function askForGroups(): string[] {
  const answer = execFileSync('ps', ['-o', 'pgid=,tpgid=', '-p', `${process.pid}`], { encoding: 'utf8' })
  return answer.trim().split(/\s+/)
}
