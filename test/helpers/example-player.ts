/** The player of an example, as a program of its own. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Test } from 'tap'
import { root } from './paths.js'

/** Runs the player of an example until it ends. Returns its exit code, and what it wrote to stderr. */
export async function runPlayer(t: Test, example: string, url: string) {
  const child = spawn(process.execPath, [join(root, 'dist/examples', example, 'play.js'), url])
  t.teardown(() => child.kill('SIGKILL'))
  let err = ''
  child.stderr.on('data', data => {
    err += data
  })
  const [code] = await once(child, 'close')
  return { code: code as number | null, err }
}
