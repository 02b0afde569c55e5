/**
 * Settings as one text: for each key its length, the length of its value's text, then both. So a snapshot is
 * put together by concatenation, crosses to a worker as one string, and a worker finds one key in it without
 * reading the values of the others. A value's text is never empty; length 0 says that the key is deleted.
 *
 *   5:10:score{"json":3}4:0:room      → score is {"json":3}, room is deleted
 */

/** One key with its value's text (`''`: the key is deleted), as a piece of a settings text. */
export function formatSetting(key: string, text: string): string {
  return `${key.length}:${text.length}:${key}${text}`
}

/** Calls `visit` for each key, in the order of the text. */
export function forEachSetting(settings: string, visit: (key: string, text: string) => void): void {
  let at = 0
  while (at < settings.length) {
    const keyLength = readLength(settings, at)
    const keyLengthEnd = settings.indexOf(':', at) + 1
    const textLength = readLength(settings, keyLengthEnd)
    const keyStart = settings.indexOf(':', keyLengthEnd) + 1
    const textStart = keyStart + keyLength
    at = textStart + textLength
    visit(settings.slice(keyStart, textStart), settings.slice(textStart, at))
  }
}

/** The text of one key's value, or undefined where there is no such key. */
export function findSetting(settings: string, key: string): string | undefined {
  let at = 0
  while (at < settings.length) {
    const keyLength = readLength(settings, at)
    const keyLengthEnd = settings.indexOf(':', at) + 1
    const textLength = readLength(settings, keyLengthEnd)
    const keyStart = settings.indexOf(':', keyLengthEnd) + 1
    const textStart = keyStart + keyLength
    at = textStart + textLength
    if (keyLength === key.length && settings.startsWith(key, keyStart)) return settings.slice(textStart, at)
  }
  return undefined
}

function readLength(settings: string, at: number): number {
  let length = 0
  for (let i = at; ; i++) {
    const digit = settings.charCodeAt(i) - 48
    if (digit < 0 || digit > 9) return length
    length = length * 10 + digit
  }
}
