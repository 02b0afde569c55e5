/** The option `events`: names of events in one text, separated by commas. */
import { expectEvent } from '../../shared/check.js'
import { errors } from '../../shared/errors.js'

/**
 * Returns the names, each once. The text `none` has no names.
 *
 * @throws `OPTION_INVALID` for a name that no event can have
 */
export function listEvents(text: string): string[] {
  if (text === 'none') return []
  const names = text.split(',').map(name => name.trim())
  const given = new Set(names.filter(name => name !== ''))
  for (const name of given) {
    try {
      expectEvent(name)
    } catch (error) {
      throw errors.optionInvalid(`In \`events\`: ${(error as Error).message}`)
    }
  }
  return [...given]
}
