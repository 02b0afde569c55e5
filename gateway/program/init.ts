/** The command `sallyport init`: makes a project with a handler, a client, a test and a README. */
import { spawnSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync
} from 'node:fs'
import { basename, dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { errors, GatewayError } from '../../shared/errors.js'
import {
  findCallersFolder,
  findPackage,
  type PackageSource,
  resolvePackage
} from '../project/package-source.js'
import { version } from '../telemetry/version.js'
import type { Arguments, ProgramCommand } from './command.js'

/** The folder that is copied as it is. A clone and the package both have it. */
const starter = fileURLToPath(new URL('../../../examples/starter/', import.meta.url))

/** Matches the names that npm accepts for a package, without a scope. */
const namePattern = /^[a-z0-9][a-z0-9._-]{0,213}$/

export const initCommand: ProgramCommand = {
  usage: 'init NAME [--package SPEC]',
  summary: 'Makes a new project in the folder NAME, with a handler, a client and tests.',
  details: `NAME may be a path; its last part is the project's name. The project asks npm for this version of
Sallyport. If this is a clone, or came from no registry, the project gets a packed copy instead.`,
  flags: {
    package: {
      value: 'SPEC',
      help: 'what its package.json asks npm for instead: a version, a URL, or the path of a package'
    }
  },
  mostWords: 1,
  run: init
}

/**
 * @throws `OPTION_INVALID` for a name or a `--package` that is none, and for a folder that is not empty or
 * can't be made
 */
function init({ flags, words, env }: Arguments): void {
  const caller = findCallersFolder(env)
  const [name] = words
  if (name === undefined) {
    throw errors.optionInvalid('Expected the name of a folder to make: sallyport init NAME [--package SPEC]')
  }
  const folder = resolve(caller, name)
  const made = makeNewFolder(folder)
  let source: PackageSource
  try {
    const spec = flags['package'] as string | undefined
    source = spec === undefined ? findPackage(version) : resolvePackage(spec, caller, folder)
  } catch (error) {
    if (made !== undefined) rmSync(made, { recursive: true })
    throw error
  }
  try {
    cpSync(starter, folder, { recursive: true })
    source.addTo(folder)
  } finally {
    source.discard()
  }
  const { dependency } = source
  writeFileSync(join(folder, 'package.json'), format(describePackage(basename(folder), dependency)))
  writeFileSync(join(folder, 'tsconfig.json'), format(compilerOptions))
  writeFileSync(join(folder, 'tsconfig.build.json'), format(buildOptions))
  writeFileSync(join(folder, '.gitignore'), ignored)
  process.stdout.write(`Made ${folder}. Its package.json asks npm for sallyport ${dependency}.
${beginRepository(folder)}

${folder === caller ? '' : `  cd ${quote(shortest(folder, relative(caller, folder)))}\n`}  npm install
  npm run dev         the gateway; a saved handler is loaded at once
  npm run play        a player, in a second terminal

README.md there has the other commands.
`)
}

/** Makes the folder of the project. Returns the uppermost folder that was missing; undefined if none was. */
function makeNewFolder(folder: string): string | undefined {
  try {
    expectNewFolder(folder)
    return makeFolders(folder)
  } catch (error) {
    if (error instanceof GatewayError) throw error
    throw errors.optionInvalid(`${folder} can't be made: ${(error as Error).message}`)
  }
}

/**
 * Makes the folders that are missing, one after the other: where the system refuses to make one, as below
 * /proc, Node's `recursive` may try for ever.
 */
function makeFolders(folder: string): string | undefined {
  if (statSync(folder, { throwIfNoEntry: false }) !== undefined) return undefined
  const above = makeFolders(dirname(folder))
  mkdirSync(folder)
  return above ?? folder
}

function expectNewFolder(folder: string): void {
  const name = basename(folder)
  if (!namePattern.test(name)) {
    throw errors.optionInvalid(
      `Expected the project's name to be of small letters, digits, "-", "_" and ".", got "${name}"`
    )
  }
  if (name === 'node_modules') {
    throw errors.optionInvalid('npm takes no project of the name "node_modules"; choose another one')
  }
  // Not by existsSync, which finds no link that leads to nothing.
  if (lstatSync(folder, { throwIfNoEntry: false }) === undefined) return
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) {
    throw errors.optionInvalid(`${folder} is there already, and is no folder`)
  }
  if (readdirSync(folder).some(each => each !== '.git')) {
    throw errors.optionInvalid(`${folder} is there already, and is not empty`)
  }
}

/** Makes the folder a git repository, unless it is inside one. Returns a sentence for the user. */
function beginRepository(folder: string): string {
  if (existsSync(join(folder, '.git'))) return 'It is in the git repository that the folder has.'
  const git = (...args: string[]) => spawnSync('git', args, { cwd: folder, encoding: 'utf8' })
  const { error, status, stdout } = git('rev-parse', '--show-toplevel')
  if (error !== undefined) return 'It is no git repository, because git is not installed.'
  if (status === 0) return `It is no git repository of its own, because it is inside ${stdout.trim()}.`
  const begun = git('init', '--quiet')
  if (begun.status === 0) return 'It is a git repository, without a commit yet.'
  return `It is no git repository, because git init failed: ${begun.stderr.trim().split('\n').at(0)}`
}

function describePackage(name: string, dependency: string): object {
  return {
    name,
    version: '0.0.0',
    private: true,
    type: 'module',
    engines: { node: '^20.19.0 || >=22.12.0' },
    scripts: {
      dev: 'sallyport --dev',
      // Not by a path: in a workspace the package is in a folder above. NODE_OPTIONS would hold for npm, too.
      debug: `node --inspect -e "import('sallyport/program')" sallyport --dev`,
      play: 'tsx play.ts',
      test: 'node --import tsx --test test/*.test.ts',
      types: 'sallyport types',
      check: 'tsc --noEmit',
      // Without this, a handler that was deleted would stay in dist, and its route with it.
      prebuild: `node -e "fs.rmSync('dist', { recursive: true, force: true })"`,
      build: 'tsc -p tsconfig.build.json',
      prestart: 'npm run build',
      start: 'sallyport --config dist/sallyport.config.js'
    },
    dependencies: { sallyport: dependency },
    devDependencies: { '@types/node': '^20.19.0', tsx: '^4.23.0', typescript: '^6.0.0' }
  }
}

const compilerOptions = {
  compilerOptions: {
    target: 'es2023',
    lib: ['es2023'],
    module: 'nodenext',
    types: ['node'],
    strict: true,
    skipLibCheck: false,
    verbatimModuleSyntax: true,
    rootDir: '.',
    outDir: 'dist',
    // For stacks that name lines of TypeScript, with Node's --enable-source-maps.
    sourceMap: true
  },
  exclude: ['dist']
}

/** What production needs: neither the tests nor the player. The compiler's check and editors include both. */
const buildOptions = {
  extends: './tsconfig.json',
  exclude: ['dist', 'test', 'play.ts']
}

const ignored = `node_modules
dist
*.log
.env
`

function format(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`
}

function shortest(a: string, b: string): string {
  return a.length < b.length ? a : b
}

/** Returns a path as a shell takes it. */
function quote(path: string): string {
  return /[^\w./\\:@-]/.test(path) ? JSON.stringify(path) : path
}
