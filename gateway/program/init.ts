/** The command `sallyport init`: makes a project with a handler, a client, a test and a README. */
import { cpSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { errors } from '../../shared/errors.js'
import type { Arguments, ProgramCommand } from './command.js'
import { version } from './gateway-command.js'

/** The folder that is copied as it is. A clone and the package both have it. */
const starter = fileURLToPath(new URL('../../../examples/starter/', import.meta.url))

/** Matches the names that npm accepts for a package, without a scope. */
const namePattern = /^[a-z0-9][a-z0-9._-]{0,213}$/

export const initCommand: ProgramCommand = {
  usage: 'init NAME [--package SPEC]',
  summary: 'Makes a new project in the folder NAME, with a handler, a client and tests.',
  flags: {
    package: {
      value: 'SPEC',
      help: `what its package.json asks npm for (default: ^${version})`
    }
  },
  mostWords: 1,
  run: init
}

function init({ flags, words }: Arguments): void {
  const [folder] = words
  if (folder === undefined) {
    throw errors.optionInvalid('Expected the name of a folder to make: sallyport init NAME [--package SPEC]')
  }
  const path = createProject({ folder, dependency: (flags['package'] as string) ?? `^${version}` })
  process.stdout.write(
    `${path} is made. Next: npm install, npm start, and in a second terminal npm run play.\n`
  )
}

interface NewProject {
  /** The folder of the new project. */
  readonly folder: string
  /** The version that the project's package.json asks npm for, or `file:…`. */
  readonly dependency: string
}

/**
 * Makes the project. Returns the path of its folder.
 *
 * @throws `OPTION_INVALID` for an invalid name, or for a folder that exists and is not empty
 */
function createProject({ folder, dependency }: NewProject): string {
  const path = resolve(folder)
  const name = basename(path)
  if (!namePattern.test(name)) {
    throw errors.optionInvalid(
      `Expected the project's name to be of small letters, digits, "-", "_" and ".", got "${name}"`
    )
  }
  if (existsSync(path) && readdirSync(path).length > 0) {
    throw errors.optionInvalid(`${path} is there already, and is not empty`)
  }
  mkdirSync(path, { recursive: true })
  cpSync(starter, path, { recursive: true })
  writeFileSync(join(path, 'package.json'), format(describePackage(name, dependency)))
  writeFileSync(join(path, 'tsconfig.json'), format(compilerOptions))
  writeFileSync(join(path, '.gitignore'), 'node_modules\ndist\n')
  return path
}

function describePackage(name: string, dependency: string): object {
  return {
    name,
    version: '0.0.0',
    private: true,
    type: 'module',
    engines: { node: '>=20.11' },
    scripts: {
      start: 'sallyport --dev --handlers handlers',
      play: 'tsx play.ts',
      test: 'node --import tsx --test test/score.test.ts',
      check: 'tsc'
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
    noEmit: true,
    verbatimModuleSyntax: true,
    skipLibCheck: true
  },
  exclude: ['dist']
}

function format(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`
}
