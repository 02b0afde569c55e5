/** The command line of the comparison with peers. */
import { parseArgs } from 'node:util'
import { type Case, cases, findCases } from './cases.js'
import type { Pace } from './measure.js'

export interface Arguments extends Pace {
  readonly cases: readonly Case[]
  readonly isJson: boolean
  /** File of the picture, next to which its rows are written; undefined: no picture. */
  readonly picture: string | undefined
  /** File with rows of an earlier run, to report instead of measuring; undefined: measure. */
  readonly from: string | undefined
}

const names = cases.map(({ name }) => name).join(', ')

export const usage = `npm run bench:peers -- [CASE] [--json] [--seconds N] [--rounds N] [--picture FILE] [--from ROWS]
CASE: ${names}, or a group, awaited or unawaited; without one: all`

/**
 * Parses the arguments of the command.
 *
 * @throws an error of one sentence that says what is wrong
 */
export function parseArguments(args: readonly string[]): Arguments {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      json: { type: 'boolean', default: false },
      seconds: { type: 'string', default: '2' },
      rounds: { type: 'string', default: '5' },
      picture: { type: 'string' },
      from: { type: 'string' }
    }
  })
  const [name, ...others] = positionals
  const found = findCases(name)
  if (found.length === 0 || others.length > 0) {
    throw new Error(`Expected one of ${names}, or nothing, got ${positionals.join(' ')}`)
  }
  return {
    cases: found,
    isJson: values.json,
    seconds: expectPositive('seconds', values.seconds),
    rounds: Math.ceil(expectPositive('rounds', values.rounds)),
    picture: values.picture,
    from: values.from
  }
}

function expectPositive(name: string, text: string): number {
  const value = Number(text)
  if (text.trim() !== '' && value > 0 && value <= 3600) return value
  throw new Error(`Expected --${name} to be a number above 0, got ${text}`)
}
