/** Reads the answers of another gateway. They come from outside, and so each item is checked. */
import { inboxKinds } from '../../../shared/link/inbox.js'
import { UnreadableError } from '../../../shared/link/outbox-reader.js'
import { showValue } from '../../../shared/text/shown.js'
import type { AnswerReader } from '../../operations/operation-acks.js'
import type { Item } from '../link/links.js'

/** Most operations that one item may ack: more than any message carries. */
const longestRange = 1_000_000

/**
 * Passes each answer to its method, in order.
 *
 * @throws UnreadableError
 */
export function readAnswers(items: readonly Item[], to: AnswerReader): void {
  let at = 0
  const number = (): number => {
    const item = items[at++]
    if (!Number.isSafeInteger(item) || (item as number) < 0) throw unreadable('an integer from 0 up', item)
    return item as number
  }
  const text = (): string => {
    const item = items[at++]
    if (typeof item !== 'string') throw unreadable('a text', item)
    return item
  }
  while (at < items.length) {
    const kind = number()
    switch (kind) {
      case inboxKinds.acked:
        to.acked(number(), text())
        break
      case inboxKinds.allAcked: {
        const first = number()
        const last = number()
        if (last - first >= longestRange) throw unreadable('a range of acks', last)
        for (let ack = first; ack <= last; ack++) to.acked(ack, '')
        break
      }
      case inboxKinds.refused: {
        const ack = number()
        const error = { code: text(), message: text() }
        to.refused(ack, error, text())
        break
      }
      default:
        throw unreadable('a kind of answer', kind)
    }
  }
}

function unreadable(expected: string, got: unknown): UnreadableError {
  return new UnreadableError(`answers with ${showValue(got)} where ${expected} belongs`)
}
