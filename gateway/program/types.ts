/** The command `sallyport types`: writes the types of the routes, or says whether they are up to date. */
import { resolve } from 'node:path'
import { errors } from '../../shared/errors.js'
import { resolveOptions } from '../options/resolve-options.js'
import { expectOwnFile, readTypesFile, writeTypesFile } from '../project/types-file.js'
import { print } from '../telemetry/output.js'
import type { Arguments, ProgramCommand } from './command.js'
import { handlersFlags, readGatewayOptions } from './gateway-command.js'

export const typesCommand: ProgramCommand = {
  usage: 'types [--handlers DIR] [--out FILE] [--check]',
  summary: 'Writes a file with the types of the routes of the handlers in DIR.',
  details: `The file imports the type of each module in DIR, and exports the type Routes for clients. No module is run.
--dev keeps the file fresh if it is in its default place.`,
  flags: {
    ...handlersFlags,
    out: { value: 'FILE', help: 'the file to write (default: routes.ts beside DIR)' },
    check: { help: 'write nothing, and fail if the file is not up to date' }
  },
  run
}

/** @throws `OPTION_INVALID`, `HANDLERS_INVALID` */
async function run(given: Arguments): Promise<void> {
  const { handlers } = resolveOptions((await readGatewayOptions(given)).options)
  const out = given.flags['out'] as string | undefined
  if (out === '') throw errors.optionInvalid('Expected --out to name a file, got an empty text')
  const file = readTypesFile(handlers, out === undefined ? undefined : resolve(out))
  if (given.flags['check'] === true) {
    if (file.present === file.text) return print(`${file.path} is up to date.\n`)
    expectOwnFile(file)
    const what = file.present === undefined ? 'is not there' : 'is not up to date'
    throw errors.optionInvalid(`${file.path} ${what}: sallyport types without --check writes it`)
  }
  const isWritten = writeTypesFile(file)
  await print(`${file.path} ${isWritten ? 'is written' : 'is up to date'}.\n`)
}
