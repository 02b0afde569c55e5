/**
 * Another commit of this project, built in a temporary folder. Only the product is that commit's; the servers
 * and handlers of the bench around it are this tree's. The folder is removed when this process exits.
 */
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { cp, readFile, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

export interface Revision {
  /** The commit's short name. */
  readonly name: string
  /** Folder of the compiled bench, beside that commit's compiled product. */
  readonly folder: string
}

/** The project's folder, as seen from dist/bench/comparison. */
const root = fileURLToPath(new URL('../../..', import.meta.url))

/** Folders of a commit that are not built: this tree's bench is used, and nothing uses the others. */
const notBuilt = ['bench', 'examples', 'test']

/** Stops the commands that run for a revision before its folder is removed. */
const leaving = new AbortController()
process.once('exit', () => leaving.abort())

/**
 * Builds a commit.
 *
 * @throws an error of one sentence, if there is no such commit or if the build fails
 */
export async function buildRevision(asked: string): Promise<Revision> {
  const commit = await findCommit(asked)
  const tree = mkdtempSync(join(tmpdir(), 'sallyport-compare-'))
  process.once('exit', () => rmSync(tree, { recursive: true, force: true }))
  await run('git', ['archive', '--format=tar', `--output=${join(tree, 'tree.tar')}`, commit])
  await run('tar', ['-xf', 'tree.tar'], tree)
  await symlink(join(root, 'node_modules'), join(tree, 'node_modules'), 'dir')
  await build(tree)
  const folder = join(tree, 'dist/bench')
  await cp(fileURLToPath(new URL('..', import.meta.url)), folder, { recursive: true })
  return { name: commit.slice(0, 7), folder }
}

async function findCommit(asked: string): Promise<string> {
  await run('git', ['rev-parse', '--git-dir'])
  try {
    const query = ['rev-parse', '--verify', '--quiet', '--end-of-options', `${asked}^{commit}`]
    return (await run('git', query)).trim()
  } catch {
    throw new Error(`There is no commit ${asked} in ${root}`)
  }
}

/** Only the code is needed. What a commit's types are worth was checked when it was made. */
const compilerOptions = { noCheck: true, declaration: false, sourceMap: false, incremental: false }

/** Builds with that tree's compiler options. */
async function build(tree: string): Promise<void> {
  const project = join(tree, 'tsconfig.compare.json')
  const folders: readonly string[] = JSON.parse(await readFile(join(tree, 'tsconfig.json'), 'utf8')).include
  const include = folders.filter(name => !notBuilt.includes(name))
  await writeFile(project, JSON.stringify({ extends: './tsconfig.json', include, compilerOptions }))
  const { bin } = JSON.parse(await readFile(join(tree, 'node_modules/typescript/package.json'), 'utf8'))
  const compiler = join(tree, 'node_modules/typescript', bin.tsc)
  await run(process.execPath, [compiler, '--project', project], tree)
}

/** Runs a command and returns its output. The command is killed when this process exits. */
async function run(file: string, args: readonly string[], cwd = root): Promise<string> {
  try {
    const options = { cwd, signal: leaving.signal, killSignal: 'SIGKILL' as const }
    return (await promisify(execFile)(file, [...args], options)).stdout
  } catch (error) {
    // The compiler writes its errors to stdout.
    const { message, stdout } = error as Error & { stdout?: string }
    throw new Error([message.trim(), stdout?.trim()].filter(Boolean).join('\n'))
  }
}
