/** The items of a `moved` frame: all of them are numbers of sessions, of moves, and of starts. */
import { UnreadableBatchError } from '../link/batch-text.js'
import type { Item } from '../link/links.js'

/** @throws UnreadableBatchError */
export function numberOf(item: Item | undefined): number {
  if (typeof item === 'number') return item
  throw new UnreadableBatchError('a moved frame without a number')
}

/**
 * Returns the pairs of a session and a number of its moves.
 *
 * @throws UnreadableBatchError
 */
export function pairsOf(items: readonly Item[]): (readonly [sid: number, move: number])[] {
  const pairs = []
  for (let at = 0; at < items.length; at += 2)
    pairs.push([numberOf(items[at]), numberOf(items[at + 1])] as const)
  return pairs
}
