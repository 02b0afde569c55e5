/**
 * Whether a session has room for a change, as far as a worker can know: so a handler is told where it pushes.
 * The gateway has the last word.
 */
import { errors } from '../../shared/errors.js'
import type { SettingsLimits } from '../../shared/values/settings-text.js'
import type { SessionView } from './session-view.js'

/**
 * Of one key; text '' deletes.
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
  // Most sessions are far from their limits, and then nothing need be counted.
  if (view.sizeBound + key.length + text.length > maxSettingsLength) {
    const size = view.sizeWith(key, text)
    if (size > maxSettingsLength) throw errors.settingsTooLarge(key, size, maxSettingsLength)
  }
  if (view.keyCountBound < maxSettingsKeys || view.textOf(key) !== undefined) return
  if (view.keyCount >= maxSettingsKeys) throw errors.tooManyKeys(key, maxSettingsKeys)
}

/** Of several keys at once: what goes makes room for what comes. */
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
