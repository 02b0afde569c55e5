/** The command of the bench. It measures the given cases one after the other, and prints the figures. */
import { accessSync, constants, existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { type Arguments, type Form, parseArguments, usage } from './arguments.js'
import type { Case } from './cases/case.js'
import { type Comparison, compareCase, formatComparisons } from './comparison/compare.js'
import { buildRevision } from './comparison/revision.js'
import { endChildren } from './processes/child.js'
import { drawCurves } from './report/curves.js'
import { growthPicture } from './report/growth.js'
import { formatJson, formatMarkdown, formatTable } from './report/report.js'
import { measureCase } from './rounds/measure.js'
import { type Row, rowsOf } from './rounds/row.js'

// The child processes must not outlive this one. They are ended here, or they end when their IPC channel
// closes.
process.on('exit', endChildren)
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    printSoFar()
    process.exit(signal === 'SIGINT' ? 130 : 143)
  })
}

/**
 * Prints the rows of the cases that are done, once. A case that fails, or an end by a signal, must not cost
 * the figures of the hour before it.
 */
let printSoFar = () => {}

async function measure({ cases, form, profile, picture, ...pace }: Arguments): Promise<void> {
  const all: Row[] = []
  expectFolderOf(picture)
  expectFolder(profile)
  printSoFar = () => {
    printSoFar = () => {}
    if (all.length > 0 && form === 'table') print([formatTable(all)])
    if (all.length > 0 && form === 'markdown') print([formatMarkdown(all)])
  }
  try {
    for (const each of cases) {
      announce(each, form)
      const rows = rowsOf(each, await named(each, measureCase(each, pace, profile)))
      if (form === 'json') print(rows.map(formatJson))
      all.push(...rows)
    }
  } finally {
    printSoFar()
  }
  if (picture === undefined) return
  // Drawn from the rows as they are written, with rounded figures, so that it can be drawn again.
  const kept = all.map(formatJson)
  writeFileSync(picture.replace(/\.svg$|$/, '.jsonl'), kept.map(line => `${line}\n`).join(''))
  writeFileSync(picture, drawCurves(growthPicture(kept.map(line => JSON.parse(line) as Row))))
}

async function compare({ cases, form, ...pace }: Arguments, asked: string): Promise<void> {
  const revision = await buildRevision(asked)
  const all: Comparison[] = []
  printSoFar = () => {
    printSoFar = () => {}
    if (all.length > 0 && form === 'table') print([formatComparisons(all, revision.name)])
  }
  try {
    for (const each of cases) {
      announce(each, form)
      const comparisons = await named(each, compareCase(each, revision, pace))
      if (form === 'json') print(comparisons.map(formatJson))
      all.push(...comparisons)
    }
  } finally {
    printSoFar()
  }
}

/** Throws before the first measurement if the picture can't be written. */
function expectFolderOf(picture: string | undefined): void {
  if (picture === undefined) return
  if (!existsSync(dirname(picture)))
    throw new Error(`--picture ${picture}: there is no folder ${dirname(picture)}`)
  if (statSync(picture, { throwIfNoEntry: false })?.isDirectory())
    throw new Error(`--picture ${picture}: a folder, where a file was expected`)
}

/** Throws before the first measurement if there can be no profiles. Node tells of that too late, or never. */
function expectFolder(profile: string | undefined): void {
  if (profile === undefined) return
  try {
    mkdirSync(profile, { recursive: true })
    accessSync(profile, constants.W_OK)
  } catch (error) {
    throw new Error(`--profile ${profile}: ${messageOf(error)}`)
  }
}

function announce(each: Case, form: Form): void {
  if (form !== 'json') process.stderr.write(`${nameOf(each)} …\n`)
}

function nameOf({ name, detail }: Case): string {
  return [name, detail ?? []].flat().join(', ')
}

/** Names the case in the error, if its measurement fails. */
async function named<Result>(each: Case, measured: Promise<Result>): Promise<Result> {
  try {
    return await measured
  } catch (error) {
    throw new Error(`${nameOf(each)}: ${messageOf(error)}`, { cause: error })
  }
}

function print(lines: readonly string[]): void {
  for (const line of lines) process.stdout.write(`${line}\n`)
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function fail(error: unknown): void {
  process.stderr.write(`${messageOf(error)}\n`)
  process.exitCode = 1
}

const args = process.argv.slice(2)
if (args.includes('--help')) process.stdout.write(`${usage}\n`)
else {
  try {
    const parsed = parseArguments(args)
    await (parsed.revision === undefined ? measure(parsed) : compare(parsed, parsed.revision))
  } catch (error) {
    fail(error)
  }
}
