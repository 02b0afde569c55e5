/**
 * The second net under a claim: whether another session has the user, though the log does not show its entry.
 *
 * A log may hide an entry after its claim is held. So a claim that is the first of its user asks the gateways
 * that have somebody under the uid before it counts as held. Mostly there are none, and that costs nothing.
 * The order of the entries decides; the net can only refuse a claim, or end the session of another.
 */
import type { Claim } from './claim.js'
import type { KnownMembers } from './claiming.js'
import type { Answer, AnyAnswer, ClaimMode, Question, Questions } from './questions.js'
import { questionsVersion } from './questions.js'

/** Returns the starts of the other gateways that have sessions of a user, or may have. */
export type InterestedIn = (uid: string) => readonly number[]

export interface OtherHoldersInit {
  readonly members: KnownMembers
  readonly questions: Pick<Questions, 'ask'>
  readonly answer: (question: Question) => AnyAnswer
  readonly interestedIn: InterestedIn
}

export class OtherHolders {
  readonly #init: OtherHoldersInit

  constructor(init: OtherHoldersInit) {
    this.#init = init
  }

  /**
   * Asks whether others have the user of a claim. `gone`: nobody has, or has any more. undefined: a gateway
   * whose lease may last gives no answer.
   */
  async ask({ uid, name, state }: Claim, mode: ClaimMode): Promise<Answer | undefined> {
    const { members, interestedIn, answer } = this.#init
    const question: Question = { about: state === 'unsecured' ? 'bound' : 'new', mode, name, uid }
    const own = await answer(question)
    if (own !== 'gone') return own
    const interested = interestedIn(uid)
    if (interested.length === 0) return 'gone'
    const starts = new Set<number>()
    for (const { start, claimsVersion = 0 } of members.others)
      if (claimsVersion >= questionsVersion && interested.includes(start)) starts.add(start)
    const answers = await Promise.all([...starts].map(start => this.#askAt(start, question)))
    if (answers.includes('held')) return 'held'
    if (answers.includes(undefined)) return undefined
    return answers.every(each => each === 'gone') ? 'gone' : 'pending'
  }

  async #askAt(start: number, question: Question): Promise<Answer | undefined> {
    const { members, questions } = this.#init
    if (members.isKnownDead(start)) return 'gone'
    const answer = await questions.ask(start, question)
    if (answer !== undefined) return answer
    return (await members.isDead(start)) === true ? 'gone' : undefined
  }
}
