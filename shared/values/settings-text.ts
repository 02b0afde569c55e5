/**
 * Settings as one text: for each key its length, the length of its value's text, then both. So a snapshot is
 * put together by concatenation, crosses to a worker as one string, and a worker finds one key in it without
 * reading the values of the others. A value's text is never empty; length 0 says that the key is deleted.
 *
 *   5:10:score{"json":3}4:0:room      → score is {"json":3}, room is deleted
 */

/** How much a session may keep. */
export interface SettingsLimits {
  /** Characters that the keys and the values' texts may take. */
  readonly maxSettingsLength: number
  readonly maxSettingsKeys: number
}

/** Of what was measured before. */
export const noLimits: SettingsLimits = {
  maxSettingsLength: Number.POSITIVE_INFINITY,
  maxSettingsKeys: Number.POSITIVE_INFINITY
}

/** One key with its value's text (`''`: the key is deleted), as a piece of a settings text. */
export function formatSetting(key: string, text: string): string {
  return `${key.length}:${text.length}:${key}${text}`
}

/** Calls `visit` for each key, in the order of the text. */
export function forEachSetting(settings: string, visit: (key: string, text: string) => void): void {
  const entry = new Entry(settings)
  while (entry.next()) {
    visit(settings.slice(entry.keyStart, entry.textStart), settings.slice(entry.textStart, entry.end))
  }
}

/** The text of one key's value, or undefined where there is no such key. */
export function findSetting(settings: string, key: string): string | undefined {
  const entry = new Entry(settings)
  while (entry.next()) {
    if (entry.textStart - entry.keyStart === key.length && settings.startsWith(key, entry.keyStart)) {
      return settings.slice(entry.textStart, entry.end)
    }
  }
  return undefined
}

/** Where the present key lies in a settings text, and its value's text behind it. */
class Entry {
  keyStart = 0
  textStart = 0
  end = 0
  readonly #settings: string

  constructor(settings: string) {
    this.#settings = settings
  }

  /** Goes on to the next key; false: there is none. */
  next(): boolean {
    if (this.end >= this.#settings.length) return false
    const keyLength = this.#readLength(this.end)
    const textLength = this.#readLength(this.keyStart)
    this.textStart = this.keyStart + keyLength
    this.end = this.textStart + textLength
    return true
  }

  /** Reads digits up to a colon, and puts `keyStart` behind it. */
  #readLength(at: number): number {
    let length = 0
    for (let i = at; ; i++) {
      const digit = this.#settings.charCodeAt(i) - 48
      if (digit < 0 || digit > 9) {
        this.keyStart = i + 1
        return length
      }
      length = length * 10 + digit
    }
  }
}
