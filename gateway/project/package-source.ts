/** Where a new project gets this package from: a registry, a packed copy, or what the user names. */
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { errors } from '../../shared/errors.js'

/** The folder of this package: a clone, or a folder in node_modules. */
const packageFolder = fileURLToPath(new URL('../../../', import.meta.url))

/** The folder of a new project in which its packed copy of this package is. */
const vendorFolder = 'vendor'

/** Matches the specifiers that npm takes for a path, with `file:` or without. */
const pathPattern = /^(?:file:|\.{0,2}[/\\]|[a-z]:[/\\])|^\.{1,2}$|^[^:]*\.(?:tgz|tar\.gz|tar)$/i

export interface PackageSource {
  /** What the project's package.json asks npm for. */
  readonly dependency: string
  /** Copies what belongs into the project's folder. */
  addTo(folder: string): void
  /** Removes what was made for the copy. */
  discard(): void
}

/** A package that npm gets by itself. */
function named(dependency: string): PackageSource {
  return { dependency, addTo: () => {}, discard: () => {} }
}

/**
 * Resolves the specifier that a user has given for `--package`. A path is resolved against the folder of the
 * caller, and then written relative to the project's folder.
 *
 * @throws `OPTION_INVALID` for a path at which nothing is, and for an empty text
 */
export function resolvePackage(spec: string, caller: string, project: string): PackageSource {
  if (spec === '') throw errors.optionInvalid('Expected --package to name a package, got an empty text')
  return named(pathPattern.test(spec) ? resolvePath(spec, caller, project) : spec)
}

/**
 * Finds where this package has come from. If that was a registry, the project asks for the same version.
 * Otherwise this package is packed, and the project gets the copy: it needs neither this folder nor a
 * registry.
 *
 * @throws `OPTION_INVALID` if npm can't pack it
 */
export function findPackage(version: string): PackageSource {
  return isFromRegistry() ? named(`^${version}`) : pack()
}

function resolvePath(spec: string, caller: string, project: string): string {
  const path = spec.startsWith('file:///') ? fileURLToPath(spec) : resolve(caller, spec.replace(/^file:/, ''))
  if (!existsSync(path))
    throw errors.optionInvalid(`Expected \`--package\` to be a package, found no ${path}`)
  const way = relative(project, path).split(sep).join('/')
  return `file:${isAbsolute(way) ? path : way}`
}

/**
 * Whether npm has installed this package from a registry: its record of the installed packages has the URL. A
 * registry's URLs contain `/-/`.
 */
function isFromRegistry(): boolean {
  const parts = packageFolder.split(sep)
  const first = parts.indexOf('node_modules')
  const record = join(parts.slice(0, first + 1).join(sep), '.package-lock.json')
  if (first === -1 || !existsSync(record)) return false
  const place = parts.slice(first).join('/').replace(/\/$/, '')
  const entry = JSON.parse(readFileSync(record, 'utf8')).packages?.[place]
  // npm may be configured to leave out the URLs of registries, and only these.
  return entry !== undefined && (entry.resolved === undefined || entry.resolved.includes('/-/'))
}

function pack(): PackageSource {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-pack-'))
  // On Windows npm is a script, which only a shell can run.
  const isWindows = process.platform === 'win32'
  const { status, error, stderr } = spawnSync(
    'npm',
    ['pack', isWindows ? `"${packageFolder}"` : packageFolder],
    {
      cwd: folder,
      // What runs is compiled, so that no script has to run.
      env: { ...process.env, npm_config_ignore_scripts: 'true', npm_config_pack_destination: folder },
      shell: isWindows,
      stdio: ['ignore', 'ignore', 'pipe'],
      encoding: 'utf8'
    }
  )
  if (status !== 0) {
    rmSync(folder, { recursive: true, force: true })
    const why = error?.message ?? stderr.trim().split('\n').at(0)
    throw errors.optionInvalid(`npm pack failed in ${packageFolder}: ${why}; give another --package SPEC`)
  }
  const [tarball] = readdirSync(folder)
  return {
    dependency: `file:${vendorFolder}/${tarball}`,
    addTo: project => {
      mkdirSync(join(project, vendorFolder), { recursive: true })
      cpSync(join(folder, tarball!), join(project, vendorFolder, tarball!))
    },
    discard: () => rmSync(folder, { recursive: true, force: true })
  }
}

/**
 * Returns the folder in which the user has called the program. npm runs the scripts of a package in the
 * package's folder, and tells the user's in `INIT_CWD`.
 */
export function findCallersFolder(env: NodeJS.ProcessEnv, folder = process.cwd()): string {
  const { INIT_CWD: called, npm_package_json: manifest } = env
  const isScript =
    manifest !== undefined && basename(manifest) === 'package.json' && dirname(manifest) === folder
  return isScript && called !== undefined ? called : folder
}
