/**
 * The installation of the peers' packages. npm installs them in their own folder, from their own lock file.
 */
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Contender } from './contenders.js'

/** The folder with the peers' packages, as seen from the compiled file. */
export const peersFolder = fileURLToPath(new URL('../../../bench/peers', import.meta.url))

const modules = join(peersFolder, 'node_modules')

/** File with the hash of the lock file that was installed, so that npm need not be called again. */
const stamp = join(modules, '.installed-from')

/** Installs the packages. Returns why it failed; undefined: they are installed. */
export async function installPeers(): Promise<string | undefined> {
  const lock = readFileSync(join(peersFolder, 'package-lock.json'))
  const hash = createHash('sha256').update(lock).digest('hex')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === hash) return undefined
  const fault = await runNpm(['ci', '--ignore-scripts', '--no-audit', '--no-fund'])
  if (fault === undefined) writeFileSync(stamp, hash)
  return fault
}

/** Returns the missing packages of a contender. */
export function missingPackages({ packages }: Contender): string[] {
  return packages.filter(name => !existsSync(manifestOf(name)))
}

/**
 * Returns the version of a contender's first package. null: it has no package, or the package is not
 * installed.
 */
export function versionOf({ packages }: Contender): string | null {
  const [name] = packages
  if (name === undefined || !existsSync(manifestOf(name))) return null
  return JSON.parse(readFileSync(manifestOf(name), 'utf8')).version
}

function manifestOf(name: string): string {
  return join(modules, name, 'package.json')
}

/** Runs npm. Returns in a few words what failed, and prints npm's own messages; undefined: nothing failed. */
function runNpm(args: readonly string[]): Promise<string | undefined> {
  return new Promise(resolve => {
    const npm = spawn('npm', args, { cwd: peersFolder, shell: process.platform === 'win32' })
    let said = ''
    npm.stdout.resume()
    npm.stderr.setEncoding('utf8').on('data', text => {
      said += text
    })
    npm.on('error', error => resolve(error.message))
    npm.on('close', code => {
      if (code === 0) return resolve(undefined)
      process.stderr.write(said)
      resolve(`npm ci ended with ${/^npm error code (\S+)$/m.exec(said)?.[1] ?? code}`)
    })
  })
}
