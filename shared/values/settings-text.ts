/**
 * Settings as one text.
 * For each key, the text has the key's length, the length of its value's text, then the key and the value's
 * text.
 * A snapshot is built by concatenation, and crosses to a worker as one string. A worker finds one key without
 * parsing the values of the others. The text of a value is never empty; length 0 means that the key is
 * deleted.
 *
 *   5:10:score{"json":3}4:0:room      → score is {"json":3}, room is deleted
 */

/** Limits for the settings of a session. */
export interface SettingsLimits {
  /** Maximum number of characters of all keys and values' texts. */
  readonly maxSettingsLength: number
  /** Maximum number of keys. */
  readonly maxSettingsKeys: number
}

/**
 * Returns the limits for a push that its worker has settled, which are twice the usual ones. Such a push must
 * not be refused. The worker has checked that its view of the session is within the usual limits. All other
 * changes may add to the settings only within the usual limits. So both together stay within these.
 */
export function ownPushLimits({ maxSettingsLength, maxSettingsKeys }: SettingsLimits): SettingsLimits {
  return { maxSettingsLength: 2 * maxSettingsLength, maxSettingsKeys: 2 * maxSettingsKeys }
}

/** Characters that the lengths of a key and its text take in a settings text, with their colons, at most. */
const lengthsCost = 16

/**
 * Returns the most characters and keys of a settings text that changes a session. It can set as many as the
 * limits of `ownPushLimits` allow, and delete as many that were there.
 */
export function changeLimits(limits: SettingsLimits): SettingsLimits {
  const { maxSettingsLength, maxSettingsKeys } = ownPushLimits(limits)
  return {
    maxSettingsLength: 2 * maxSettingsLength + 2 * maxSettingsKeys * lengthsCost,
    maxSettingsKeys: 2 * maxSettingsKeys
  }
}

/** Returns an upper bound of the length of a settings text with so many keys, and characters in them. */
export function boundOfChange(keys: number, characters: number): number {
  return characters + keys * lengthsCost
}

/** No limits, for settings that were checked before. */
export const noLimits: SettingsLimits = {
  maxSettingsLength: Number.POSITIVE_INFINITY,
  maxSettingsKeys: Number.POSITIVE_INFINITY
}

/** Returns one key with its value's text (`''` for a deleted key), as a piece of a settings text. */
export function formatSetting(key: string, text: string): string {
  return `${key.length}:${text.length}:${key}${text}`
}

/** Calls `visit` for each key, in the order of the text; for the first `most` only, if there are more. */
export function forEachSetting(
  settings: string,
  visit: (key: string, text: string) => void,
  most = Number.POSITIVE_INFINITY
): void {
  const entry = new Entry(settings)
  for (let left = most; left > 0 && entry.next(); left--) {
    visit(settings.slice(entry.keyStart, entry.textStart), settings.slice(entry.textStart, entry.end))
  }
}

/** Returns the text of one key's value; undefined if there is no such key. */
export function findSetting(settings: string, key: string): string | undefined {
  const entry = new Entry(settings)
  while (entry.next()) {
    if (entry.textStart - entry.keyStart === key.length && settings.startsWith(key, entry.keyStart)) {
      return settings.slice(entry.textStart, entry.end)
    }
  }
  return undefined
}

/** How the texts of null and undefined begin, and those of no other value. */
const nothing = '{"json":null'

/**
 * Returns the text of a value that tells sessions apart: undefined if the key is missing, and for null and
 * undefined, with which a game says that there is no value.
 */
export function meaningfulText(text: string | undefined): string | undefined {
  return text?.startsWith(nothing) === true ? undefined : text
}

/** Iterates over a settings text: the offsets of the current key and of its value's text. */
class Entry {
  keyStart = 0
  textStart = 0
  end = 0
  readonly #settings: string

  constructor(settings: string) {
    this.#settings = settings
  }

  /** Moves to the next key. Returns false if there is none. */
  next(): boolean {
    if (this.end >= this.#settings.length) return false
    const keyLength = this.#readLength(this.end)
    const textLength = this.#readLength(this.keyStart)
    this.textStart = this.keyStart + keyLength
    this.end = this.textStart + textLength
    return true
  }

  /** Reads digits up to a colon, and sets `keyStart` to the offset behind it. */
  #readLength(at: number): number {
    let length = 0
    for (let i = at; ; i++) {
      const digit = this.#settings.charCodeAt(i) - 48
      // Also true at the end of a text that was cut.
      if (!(digit >= 0 && digit <= 9)) {
        this.keyStart = i + 1
        return length
      }
      length = length * 10 + digit
    }
  }
}
