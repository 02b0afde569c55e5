/** The options of the commands that run long tests, such as `npm run chaos`. */
import { type ParseArgsConfig, parseArgs } from 'node:util'

type Options = NonNullable<ParseArgsConfig['options']>

/**
 * Returns the values of a command's options. If one is unknown, or no number although its default is one, the
 * process ends with a line that says so, and one that lists the options.
 *
 * @param numbers the options without a default that take a number
 */
export function readCommandOptions<const O extends Options>(
  options: O,
  numbers: readonly (keyof O)[] = []
): ReturnType<typeof parseArgs<{ options: O }>>['values'] {
  try {
    const { values } = parseArgs({ options })
    for (const [name, { default: usual }] of Object.entries(options)) {
      const value = (values as Record<string, unknown>)[name]
      const isRight = value === undefined || isNumber(value)
      if (isRight || !(isNumber(usual) || numbers.includes(name))) continue
      throw new Error(`--${name} takes a number, and got '${value}'`)
    }
    return values
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\nOptions: ${describe(options)}\n`)
    process.exit(1)
  }
}

function isNumber(value: unknown): boolean {
  return typeof value === 'string' && value.trim() !== '' && Number.isFinite(Number(value))
}

function describe(options: Options): string {
  return Object.entries(options)
    .map(([name, { default: usual }]) => (usual === undefined ? `--${name}` : `--${name} (${usual})`))
    .join(', ')
}
