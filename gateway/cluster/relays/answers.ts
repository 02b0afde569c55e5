/** Reads the answers of another gateway. They come from outside, and so each item is checked. */
import { inboxKinds } from '../../../shared/link/inbox.js'
import { UnreadableError } from '../../../shared/link/outbox-fields.js'
import { showValue } from '../../../shared/text/shown.js'
import type { AnswerReader } from '../../operations/operation-acks.js'
import type { Item } from '../link/links.js'

/** Takes answers as another gateway writes them. */
export interface RangeReader extends AnswerReader {
  /**
   * The operations from `first` to `last` have been applied. A short message has room for many such ranges,
   * and so who takes them bounds their lengths together.
   *
   * @throws UnreadableError
   */
  allAcked(first: number, last: number): void
}

/**
 * Passes each answer to its method, in order.
 *
 * @throws UnreadableError
 */
export function readAnswers(items: readonly Item[], to: RangeReader): void {
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
      case inboxKinds.allAcked:
        to.allAcked(number(), number())
        break
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
