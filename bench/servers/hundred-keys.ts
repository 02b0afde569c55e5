/**
 * The text of a hundred keys, as a push of all keys sends it, and the values that it keeps.
 * The only file of the bench that uses the gateway's own encoding: a floor has to encode the same values.
 */
import { encodeValue } from '../../shared/values/codec.js'
import { forEachSetting, formatSetting } from '../../shared/values/settings-text.js'
import { hundredKeys, longText } from './held.js'

/** Returns the text of the hundred keys after the change of that number. */
export function encodeHundred(number: number): string {
  const value = longText(number)
  let all = ''
  for (const key of hundredKeys) all += formatSetting(key, encodeValue(key, value))
  return all
}

/** Puts each key of the text into a Map. */
export function keepHundred(texts: Map<string, string>, text: string): void {
  forEachSetting(text, (key, value) => texts.set(key, value))
}

/**
 * Checks that the hundred keys are kept.
 *
 * @throws if a key does not have the text of the change of that number
 */
export function expectHundred(texts: ReadonlyMap<string, string>, number: number): void {
  for (const key of hundredKeys) {
    if (texts.get(key) !== encodeValue(key, longText(number))) throw new Error(`${key} was lost`)
  }
}
