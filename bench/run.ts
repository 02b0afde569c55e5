/** The bench's command: measures the cases that it is asked for, one after the other, and prints what it found. */
import { type Arguments, parseArguments, usage } from './arguments.js'
import { killChildren } from './child.js'
import { measureCase } from './measure.js'
import { formatJson, formatTable, type Row, rowsOf } from './report.js'

// Whatever ends this process ends the others: here at once, else by the connection that they lose.
process.on('exit', killChildren)
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => process.exit(signal === 'SIGINT' ? 130 : 143))
}

async function run({ cases, isJson, ...pace }: Arguments): Promise<void> {
  const all: Row[] = []
  for (const each of cases) {
    if (!isJson) process.stderr.write(`${each.name} …\n`)
    const rows = rowsOf(each, await measureCase(each, pace))
    if (isJson) for (const row of rows) process.stdout.write(`${formatJson(row)}\n`)
    all.push(...rows)
  }
  if (!isJson) process.stdout.write(`${formatTable(all)}\n`)
}

function fail(error: unknown): void {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`)
  process.exitCode = 1
}

const args = process.argv.slice(2)
if (args.includes('--help')) process.stdout.write(`${usage}\n`)
else {
  try {
    await run(parseArguments(args))
  } catch (error) {
    fail(error)
  }
}
