/** The command line of the bench. */
import { parseArgs } from 'node:util'
import type { Case } from './cases/case.js'
import { caseNames, findCases } from './cases/cases.js'
import type { Pace } from './rounds/measure.js'

/** Format of the output. */
export type Form = 'table' | 'markdown' | 'json'

export interface Arguments extends Pace {
  readonly cases: readonly Case[]
  /** Commit to compare with; undefined: the floors. */
  readonly revision: string | undefined
  readonly form: Form
  /** Folder for CPU profiles; undefined: none are recorded. */
  readonly profile: string | undefined
  /** File of the picture of the growth cases, next to which its rows are written; undefined: no picture. */
  readonly picture: string | undefined
}

/** Fewest rounds of a comparison; fewer cannot show the noise. */
const leastRounds = 3

export const usage = `npm run bench -- [CASE …] [--json | --markdown] [--seconds N] [--repeats N] [--connections N] [--profile FOLDER]
npm run bench -- growth --picture FILE [--seconds N] [--repeats N]
npm run bench -- compare REV [CASE …] [--json] [--seconds N] [--repeats N]
CASE: ${caseNames().join(', ')}; without any: all
REV: a commit, a branch or a tag`

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
      markdown: { type: 'boolean', default: false },
      seconds: { type: 'string', default: '2' },
      repeats: { type: 'string', default: '5' },
      connections: { type: 'string', default: '10000' },
      profile: { type: 'string' },
      picture: { type: 'string' }
    }
  })
  const isComparison = positionals[0] === 'compare'
  const revision = isComparison ? positionals[1] : undefined
  if (isComparison && revision === undefined)
    throw new Error('Expected a commit to compare with: compare REV [CASE …]')
  const names = isComparison ? positionals.slice(2) : positionals
  const unknown = names.find(name => findCases([name]).length === 0)
  if (unknown !== undefined)
    throw new Error(`There is no case ${unknown}; there are ${caseNames().join(', ')}`)
  if (values.json && values.markdown) throw new Error('Expected --json or --markdown, got both')
  if (isComparison && values.markdown) throw new Error('A comparison has no --markdown')
  if (isComparison && values.profile !== undefined) throw new Error('A comparison has no --profile')
  if (values.picture !== undefined && (isComparison || names.join() !== 'growth'))
    throw new Error('--picture draws the cases of growth: npm run bench -- growth --picture FILE')
  const least = isComparison ? leastRounds : 1
  return {
    cases: findCases(names),
    revision,
    form: values.json ? 'json' : values.markdown ? 'markdown' : 'table',
    seconds: expectNumber('seconds', 'a number above 0', values.seconds, each => each > 0 && each <= 3600),
    repeats: expectNumber(
      'repeats',
      `a whole number of at least ${least}`,
      values.repeats,
      each => Number.isInteger(each) && each >= least
    ),
    connections: expectNumber(
      'connections',
      'a whole number of at least 100',
      values.connections,
      each => Number.isInteger(each) && each >= 100
    ),
    profile: values.profile,
    picture: values.picture
  }
}

function expectNumber(name: string, what: string, text: string, holds: (value: number) => boolean): number {
  const value = Number(text)
  if (text.trim() === '' || !holds(value)) throw new Error(`Expected --${name} to be ${what}, got ${text}`)
  return value
}
