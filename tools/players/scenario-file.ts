/** Loads the file of a scenario, in JavaScript or TypeScript. */
import { pathToFileURL } from 'node:url'
import { errors } from '../../shared/errors.js'
import type { Scenario } from '../scenario/scenario.js'
import type { ScenarioSetup } from './plan.js'

/**
 * Returns the default export of a file.
 *
 * @throws `OPTION_INVALID` if it is no function, or if the file does not load
 */
export async function loadScenario({ file, loaders, tsconfig }: ScenarioSetup): Promise<Scenario> {
  // tsx reads this variable as it registers. This is a thread with variables of its own.
  if (tsconfig !== undefined) process.env['TSX_TSCONFIG_PATH'] ??= tsconfig
  for (const loader of loaders) (await import(loader)).register()
  const { default: exported } = await import(pathToFileURL(file).href).catch(error => {
    const { stack } = Object(error) as Partial<Error>
    // The stack of an error of the syntax has Node's own code only.
    const cause = stack?.includes(file) === true ? stack : String(error)
    throw errors.optionInvalid(`${file} does not load: ${cause}`)
  })
  // A CommonJS module that was compiled from an ES module has its default export one level deeper.
  const found: unknown = typeof exported === 'function' ? exported : Object(exported).default
  if (typeof found === 'function') return found as Scenario
  throw errors.optionInvalid(
    `Expected ${file} to have a default export that is a function: export default async player => { … }`
  )
}
