/**
 * Items of a flat array as one text, which needs no escapes: `12;` is a number, `5:hello` a text by its
 * length, and `~` null.
 */
import type { Item } from './links.js'

/** Thrown for a text that no gateway writes. */
export class UnreadableBatchError extends Error {}

export function formatItems(items: readonly Item[]): string {
  let text = ''
  for (const item of items) {
    if (typeof item === 'string') text += `${item.length}:${item}`
    else text += item === null ? '~' : `${item};`
  }
  return text
}

/** @throws UnreadableBatchError */
export function parseItems(text: string): Item[] {
  const items: Item[] = []
  let at = 0
  while (at < text.length) {
    if (text.charCodeAt(at) === 126) {
      items.push(null)
      at++
      continue
    }
    let end = at
    while (end < text.length && text.charCodeAt(end) !== 58 && text.charCodeAt(end) !== 59) end++
    const number = Number(text.slice(at, end))
    if (end === at || end === text.length || !Number.isFinite(number))
      throw new UnreadableBatchError(`a batch without an item at ${at}`)
    at = end + 1
    if (text.charCodeAt(end) === 59) items.push(number)
    else {
      if (!Number.isSafeInteger(number) || number < 0 || at + number > text.length)
        throw new UnreadableBatchError(`a batch with a text of ${number} characters at ${at}`)
      items.push(text.slice(at, at + number))
      at += number
    }
  }
  return items
}
