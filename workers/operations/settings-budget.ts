/**
 * Checks whether a change fits into the limits of a session's settings, as far as a worker knows them.
 * So a handler's own stack shows where it pushes too much. The gateway checks again, because it sees the
 * changes of all workers. It accepts each push that is settled here: see `ownPushLimits`.
 */
import { errors } from '../../shared/errors.js'
import { boundOfChange, changeLimits, type SettingsLimits } from '../../shared/values/settings-text.js'
import type { SessionView } from './session-view.js'

/**
 * Checks the change of one key; the text '' deletes it. A change that adds nothing is accepted above the
 * limits too.
 *
 * @returns whether all settings of the view are within the limits after the change
 * @throws `SETTINGS_TOO_LARGE`, `TOO_MANY_KEYS`
 */
export function expectSettingsBudget(
  view: SessionView,
  limits: SettingsLimits,
  key: string,
  text: string
): boolean {
  const { maxSettingsLength, maxSettingsKeys } = limits
  // Most sessions are far below their limits. Then the bounds suffice, and nothing is counted.
  let isWithin = true
  if (view.sizeBound + key.length + text.length > maxSettingsLength) {
    const size = view.sizeWith(key, text)
    isWithin = size <= maxSettingsLength
    if (!isWithin && size > view.size) throw errors.settingsTooLarge(key, size, maxSettingsLength)
  }
  if (view.keyCountBound < maxSettingsKeys) return isWithin
  const isNew = text !== '' && view.textOf(key) === undefined
  if (isNew && view.keyCount >= maxSettingsKeys) throw errors.tooManyKeys(key, maxSettingsKeys)
  return isWithin && view.keyCount <= maxSettingsKeys
}

/**
 * Checks the change of several keys at once: deleted keys make room for new ones.
 *
 * @returns whether all settings of the view are within the limits after the change
 * @throws `SETTINGS_TOO_LARGE`, `TOO_MANY_KEYS`
 */
export function expectSettingsBudgetForAll(
  view: SessionView,
  limits: SettingsLimits,
  texts: ReadonlyMap<string, string>
): boolean {
  const isShort = expectLength(view, limits.maxSettingsLength, texts)
  const areFew = expectKeys(view, limits.maxSettingsKeys, texts)
  expectChange(limits, texts)
  return isShort && areFew
}

/**
 * Checks what the gateway checks before it reads the change. It is exceeded only if keys are deleted that are
 * not there: these add nothing to the settings, so that the other limits do not count them.
 */
function expectChange(limits: SettingsLimits, texts: ReadonlyMap<string, string>): void {
  const most = changeLimits(limits)
  if (texts.size > most.maxSettingsKeys)
    throw errors.tooManyKeys(texts.keys().next().value ?? '', limits.maxSettingsKeys)
  let characters = 0
  for (const [key, text] of texts) characters += key.length + text.length
  const bound = boundOfChange(texts.size, characters)
  if (bound > most.maxSettingsLength) throw errors.settingsTooLarge('', bound, limits.maxSettingsLength)
}

/** Returns whether the settings are within the limit of their length after the change. */
function expectLength(view: SessionView, limit: number, texts: ReadonlyMap<string, string>): boolean {
  let most = view.sizeBound
  for (const [key, text] of texts) most += key.length + text.length
  if (most <= limit) return true
  let size = view.size
  let largest = ''
  for (const [key, text] of texts) {
    size += view.sizeWith(key, text) - view.size
    if (text.length > (texts.get(largest)?.length ?? 0)) largest = key
  }
  if (size > limit && size > view.size) throw errors.settingsTooLarge(largest, size, limit)
  return size <= limit
}

/** Returns whether the settings are within the limit of their keys after the change. */
function expectKeys(view: SessionView, limit: number, texts: ReadonlyMap<string, string>): boolean {
  if (view.keyCountBound + texts.size <= limit) return true
  let count = view.keyCount
  let added: string | undefined
  for (const [key, text] of texts) {
    const isThere = view.textOf(key) !== undefined
    if (isThere && text === '') count--
    if (isThere || text === '') continue
    count++
    added ??= key
  }
  if (added !== undefined && count > limit) throw errors.tooManyKeys(added, limit)
  return count <= limit
}
