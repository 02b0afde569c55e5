/**
 * The command of the comparison with peers. It installs the peers, measures all contenders, and prints the
 * figures.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { endChildren } from '../processes/child.js'
import { drawBars } from '../report/picture.js'
import { type Arguments, parseArguments, usage } from './arguments.js'
import { contenders } from './contenders.js'
import { installPeers, missingPackages, versionOf } from './install.js'
import { measureCase } from './measure.js'
import { formatGoals, lostByOurs } from './report/goals.js'
import { pictureOf, rowsFileOf } from './report/picture-of.js'
import { formatJson, formatTable, parseRows, type Row, rowsOf } from './report/report.js'

// The child processes must not outlive this one. They are killed here, or they end when their IPC channel
// closes.
process.on('exit', endChildren)
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => process.exit(signal === 'SIGINT' ? 130 : 143))
}

async function run(args: Arguments): Promise<void> {
  const { isJson, picture, from } = args
  const rows = from === undefined ? await measure(args) : parseRows(readFileSync(from, 'utf8'))
  if (!isJson) process.stdout.write(`${formatTable(rows)}\n\n${formatGoals(rows)}\n`)
  if (picture !== undefined) {
    // Drawn from the rows as they are written, with rounded figures, so that it can be drawn again.
    const kept = rows.map(row => `${formatJson(row)}\n`).join('')
    writeFileSync(rowsFileOf(picture), kept)
    writeFileSync(picture, drawBars(pictureOf(parseRows(kept))))
  }
  if ((lostByOurs(rows) ?? 0) > 0) throw new Error('Ours has lost updates')
}

async function measure({ cases, isJson, ...pace }: Arguments): Promise<Row[]> {
  process.stderr.write("the peers' packages …\n")
  const fault = await installPeers()
  const all: Row[] = []
  for (const each of cases) {
    process.stderr.write(`${each.name} …\n`)
    const series = await measureCase(each, contenders, pace, contender =>
      missingPackages(contender).length === 0 ? undefined : `not installed: ${fault ?? 'no such package'}`
    )
    const rows = rowsOf(each, series, versionOf)
    if (isJson) for (const row of rows) process.stdout.write(`${formatJson(row)}\n`)
    all.push(...rows)
  }
  return all
}

const args = process.argv.slice(2)
if (args.includes('--help')) process.stdout.write(`${usage}\n`)
else {
  try {
    await run(parseArguments(args))
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n`)
    process.exitCode = 1
  }
}
