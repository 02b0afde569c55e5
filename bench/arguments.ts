/** The command line of the bench. */
import { parseArgs } from 'node:util'
import { type Case, caseNames, findCases } from './cases.js'
import type { Pace } from './measure.js'

export interface Arguments extends Pace {
  readonly cases: readonly Case[]
  readonly isJson: boolean
}

export const usage = `npm run bench -- [CASE] [--json] [--seconds N] [--repeats N] [--profile FOLDER]
CASE: ${caseNames().join(', ')}; without one: all`

/** @throws with one sentence that says what is wrong. */
export function parseArguments(args: readonly string[]): Arguments {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      json: { type: 'boolean', default: false },
      seconds: { type: 'string', default: '2' },
      repeats: { type: 'string', default: '5' },
      profile: { type: 'string' }
    }
  })
  const [name, ...others] = positionals
  const found = findCases(name)
  if (found.length === 0) throw new Error(`There is no case ${name}; there are ${caseNames().join(', ')}`)
  if (others.length > 0) throw new Error(`Expected one case or none, got ${positionals.join(' ')}`)
  return {
    cases: found,
    isJson: values.json,
    seconds: expectNumber('seconds', values.seconds, seconds => seconds > 0 && seconds <= 3600),
    repeats: expectNumber('repeats', values.repeats, repeats => Number.isInteger(repeats) && repeats > 0),
    profile: values.profile
  }
}

function expectNumber(name: string, text: string, holds: (value: number) => boolean): number {
  const value = Number(text)
  if (text.trim() === '' || !holds(value))
    throw new Error(`Expected --${name} to be a number above 0, got ${text}`)
  return value
}
