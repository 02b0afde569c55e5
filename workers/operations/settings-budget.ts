/**
 * Checks whether a change fits into the limits of a session's settings, as far as a worker knows them.
 * So a handler's own stack shows where it pushes too much. The gateway decides in the end, because it sees
 * the changes of all workers.
 */
import { errors } from '../../shared/errors.js'
import type { SettingsLimits } from '../../shared/values/settings-text.js'
import type { SessionView } from './session-view.js'

/**
 * Checks the change of one key; the text '' deletes it.
 *
 * @throws `SETTINGS_TOO_LARGE`, `TOO_MANY_KEYS`
 */
export function expectSettingsBudget(
  view: SessionView,
  limits: SettingsLimits,
  key: string,
  text: string
): void {
  if (text === '') return
  const { maxSettingsLength, maxSettingsKeys } = limits
  // Most sessions are far below their limits. Then the bounds suffice, and nothing is counted.
  if (view.sizeBound + key.length + text.length > maxSettingsLength) {
    const size = view.sizeWith(key, text)
    if (size > maxSettingsLength) throw errors.settingsTooLarge(key, size, maxSettingsLength)
  }
  if (view.keyCountBound < maxSettingsKeys || view.textOf(key) !== undefined) return
  if (view.keyCount >= maxSettingsKeys) throw errors.tooManyKeys(key, maxSettingsKeys)
}

/**
 * Checks the change of several keys at once: deleted keys make room for new ones.
 *
 * @throws `SETTINGS_TOO_LARGE`, `TOO_MANY_KEYS`
 */
export function expectSettingsBudgetForAll(
  view: SessionView,
  limits: SettingsLimits,
  texts: ReadonlyMap<string, string>
): void {
  expectLength(view, limits.maxSettingsLength, texts)
  expectKeys(view, limits.maxSettingsKeys, texts)
}

function expectLength(view: SessionView, limit: number, texts: ReadonlyMap<string, string>): void {
  let most = view.sizeBound
  for (const [key, text] of texts) most += key.length + text.length
  if (most <= limit) return
  let size = view.size
  let largest = ''
  for (const [key, text] of texts) {
    size += view.sizeWith(key, text) - view.size
    if (text.length > (texts.get(largest)?.length ?? 0)) largest = key
  }
  if (size > limit && size > view.size) throw errors.settingsTooLarge(largest, size, limit)
}

function expectKeys(view: SessionView, limit: number, texts: ReadonlyMap<string, string>): void {
  if (view.keyCountBound + texts.size <= limit) return
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
}
