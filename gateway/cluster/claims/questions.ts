/**
 * Questions about claims between gateways: whether the session that has a user stays.
 *
 * A question is `<mode> <name of the claim> <uid>`, or `any <mode> <new or bound> <name of the own claim>
 * <uid>`. An answer is one word, or `moved <start>`. Both come from outside: what no gateway writes is not
 * answered, and counts as no answer.
 */
import type { Bus, Subscription } from '../bus/bus.js'
import type { subjectsOf } from '../bus/subjects.js'
import { type ClaimName, formatClaimName, parseClaimName } from './claim.js'

/** How a user is wanted, as by `singleSession`. */
export type ClaimMode = 'reject' | 'kick'

/** Version of the questions that a gateway answers: from 2 on also those about any claim. Frozen. */
export const questionsVersion = 2

export interface Question {
  /**
   * `entry`: the claim by that name. `new`, `bound`: any other claim of the user; the name is that of the
   * claim that wants them, whose session is new, or has the user already.
   */
  readonly about: 'entry' | 'new' | 'bound'
  readonly mode: ClaimMode
  readonly name: ClaimName
  readonly uid: string
}

/**
 * The answer about a claim. `gone`: it is over for ever. `held`: its session stays. `pending`: not decided;
 * ask again soon. A start: the session has moved there; ask there.
 */
export type Answer = 'gone' | 'held' | 'pending' | { readonly movedTo: number }

export type AnyAnswer = Answer | Promise<Answer>

export interface QuestionsInit {
  readonly bus: Bus
  readonly subjects: ReturnType<typeof subjectsOf>
  /** Milliseconds to wait for an answer. */
  readonly answerTime: number
  readonly answer: (question: Question) => AnyAnswer
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
      const send = (each: Answer) => bus.publish(reply, Buffer.from(formatAnswer(each)))
      const answered = answer(question)
      if (answered instanceof Promise) void answered.then(send)
      else send(answered)
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

function formatQuestion({ about, mode, name, uid }: Question): string {
  const text = `${formatClaimName(name)} ${uid}`
  return about === 'entry' ? `${mode} ${text}` : `any ${mode} ${about} ${text}`
}

/** Returns undefined for what no gateway writes. */
export function parseQuestion(text: string): Question | undefined {
  const match = /^(?:(reject|kick)|any (reject|kick) (new|bound)) ([\d.]+) (.*)$/s.exec(text)
  if (match === null) return undefined
  const [, ofEntry, ofAny, about, name, uid] = match
  const parsed = parseClaimName(name!)
  if (parsed === undefined) return undefined
  const mode = (ofEntry ?? ofAny) === 'kick' ? 'kick' : 'reject'
  return { about: about === 'new' || about === 'bound' ? about : 'entry', mode, name: parsed, uid: uid! }
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
