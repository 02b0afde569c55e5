/**
 * The package as a project has it that consumes it: packed, and beside its dependencies. The compilers and
 * bundlers of such projects are in test/consumers, from a lock file of their own.
 */
import { execFile } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import type { Test } from 'tap'
import { fixture, root } from './paths.js'

export const run = promisify(execFile)

const toolsFolder = join(root, 'test/consumers')

/**
 * Packages that a project's types and bundles may need beside the package. Where npm has put one below
 * another, it is copied with that one.
 */
const dependencies = ['@standard-schema/spec', 'copy-anything', 'is-what', 'superjson', 'ws']

/**
 * Returns the reason why there are no compilers and bundlers, for `skip`; false if there are some. If CI is
 * set, tests without them are not skipped, and fail.
 */
export function whyNoTools(): string | false {
  if (existsSync(join(toolsFolder, 'node_modules')) || process.env['CI'] === 'true') return false
  return 'there are no compilers and bundlers: npm ci --prefix test/consumers'
}

/** Returns the path of a file of a tool's package. */
export function toolPath(name: string): string {
  return join(toolsFolder, 'node_modules', name)
}

/** Imports a tool. Its types are not installed for our compiler, so the caller names what it uses. */
export async function importTool<Tool>(name: string): Promise<Tool> {
  const path = createRequire(join(toolsFolder, 'package.json')).resolve(name)
  const imported = await import(pathToFileURL(path).href)
  return imported.default ?? imported
}

/**
 * Makes a project of the files in test/fixtures/consumers, with the packed package in its `node_modules`.
 * Returns its folder, which is removed after the test.
 */
export async function makeProject(t: Test): Promise<string> {
  const project = mkdtempSync(join(tmpdir(), 'sallyport-consumer-'))
  t.teardown(() => rmSync(project, { recursive: true, force: true }))
  cpSync(fixture('consumers'), project, { recursive: true })
  const modules = join(project, 'node_modules')
  mkdirSync(modules)
  await run('npm', ['pack', '--ignore-scripts', '--pack-destination', project], { cwd: root })
  const { name, version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  await run('tar', ['-xzf', join(project, `${name}-${version}.tgz`), '-C', modules])
  cpSync(join(modules, 'package'), join(modules, name), { recursive: true })
  rmSync(join(modules, 'package'), { recursive: true })
  for (const each of dependencies.filter(name => existsSync(join(root, 'node_modules', name)))) {
    mkdirSync(dirname(join(modules, each)), { recursive: true })
    cpSync(join(root, 'node_modules', each), join(modules, each), { recursive: true })
  }
  // Only the projects for Node see its types.
  mkdirSync(join(project, 'node/node_modules/@types'), { recursive: true })
  symlinkSync(toolPath('@types/node'), join(project, 'node/node_modules/@types/node'))
  return project
}
