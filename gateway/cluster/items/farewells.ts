/**
 * Farewells for other gateways, as items of a frame. The order of the items is frozen: what a later
 * version adds gets a frame of its own.
 */
import type { KeptFarewell } from '../../resume/farewells.js'
import type { Item } from '../link/links.js'
import { CheckedItems } from './checked-items.js'

export function writeFarewells(farewells: readonly KeptFarewell[]): Item[] {
  const items: Item[] = []
  for (const { sid, code, kickReason, users, left, hashes } of farewells)
    items.push(sid, code, kickReason, ...users, Math.ceil(left), hashes.length, ...hashes)
  return items
}

/** @throws UnreadableBatchError for what no gateway writes */
export function readFarewells(items: readonly Item[]): KeptFarewell[] {
  const reader = new CheckedItems('a farewell', items)
  const farewells: KeptFarewell[] = []
  while (!reader.isAtEnd)
    farewells.push({
      sid: reader.count(),
      code: reader.count(),
      kickReason: reader.textOrNull(),
      users: [reader.textOrNull(), reader.textOrNull()],
      left: reader.count(),
      hashes: reader.texts()
    })
  return farewells
}
