/**
 * Questions about claims between gateways: whether the session that has a user stays.
 *
 * A question is `<mode> <name of the claim> <uid>`, and an answer one word, or `moved <start>`. Both come
 * from outside: what no gateway writes is not answered, and counts as no answer.
 */
import type { Bus, Subscription } from '../bus/bus.js'
import type { subjectsOf } from '../bus/subjects.js'
import { type ClaimName, formatClaimName, parseClaimName } from './claim.js'

/** How a user is wanted, as by `singleSession`. */
export type ClaimMode = 'reject' | 'kick'

export interface Question {
  readonly mode: ClaimMode
  readonly name: ClaimName
  readonly uid: string
}

/**
 * The answer about a claim. `gone`: it is over for ever. `held`: its session stays. `pending`: not decided;
 * ask again soon. A start: the session has moved there; ask there.
 */
export type Answer = 'gone' | 'held' | 'pending' | { readonly movedTo: number }

export interface QuestionsInit {
  readonly bus: Bus
  readonly subjects: ReturnType<typeof subjectsOf>
  /** Milliseconds to wait for an answer. */
  readonly answerTime: number
  readonly answer: (question: Question) => Answer
}

export class Questions {
  readonly #init: QuestionsInit
  #subscription: Subscription | undefined

  constructor(init: QuestionsInit) {
    this.#init = init
  }

  /** Answers the questions to a start, and those to an earlier one no longer. */
  answerFor(start: number): void {
    const { bus, subjects, answer } = this.#init
    this.#subscription?.end()
    this.#subscription = bus.subscribe(subjects.ask(start), (bytes, reply) => {
      const question = parseQuestion(bytes.toString())
      if (question === undefined || reply === undefined) return
      bus.publish(reply, Buffer.from(formatAnswer(answer(question))))
    })
  }

  /** Asks a start. undefined: no answer. */
  async ask(start: number, question: Question): Promise<Answer | undefined> {
    const { bus, subjects, answerTime } = this.#init
    const bytes = await bus.ask(subjects.ask(start), Buffer.from(formatQuestion(question)), answerTime)
    return bytes === undefined ? undefined : parseAnswer(bytes.toString('latin1'))
  }

  close(): void {
    this.#subscription?.end()
  }
}

function formatQuestion({ mode, name, uid }: Question): string {
  return `${mode} ${formatClaimName(name)} ${uid}`
}

/** Returns undefined for what no gateway writes. */
export function parseQuestion(text: string): Question | undefined {
  const [, mode, name, uid] = /^(reject|kick) ([\d.]+) (.*)$/s.exec(text) ?? []
  const parsed = name === undefined ? undefined : parseClaimName(name)
  return parsed === undefined || uid === undefined
    ? undefined
    : { mode: mode === 'kick' ? 'kick' : 'reject', name: parsed, uid }
}

function formatAnswer(answer: Answer): string {
  return typeof answer === 'string' ? answer : `moved ${answer.movedTo}`
}

/** Returns undefined for what no gateway writes. */
export function parseAnswer(text: string): Answer | undefined {
  if (text === 'gone' || text === 'held' || text === 'pending') return text
  const [, start] = /^moved (\d{1,16})$/.exec(text) ?? []
  return start === undefined ? undefined : { movedTo: Number(start) }
}
