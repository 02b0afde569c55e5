/** Claims of users that a test answers itself. */
import type { UserClaims } from '../../gateway/sessions/user-claims.js'
import type { GatewayError } from '../../shared/errors.js'

export class FakeClaims implements UserClaims {
  readonly calls: string[] = []
  /** Answers the calls of `claim`, oldest first: without an error, the user is had. */
  readonly answers: ((error?: GatewayError) => void)[] = []

  /** Whether claims that were granted are still held when they are looked at. */
  areHeld = true

  claim(uid: string, sid: number): Promise<GatewayError | undefined> {
    this.calls.push(`claim ${uid} ${sid}`)
    return new Promise(resolve => this.answers.push(resolve))
  }

  isHeld(): boolean {
    return this.areHeld
  }

  release(uid: string, sid: number): void {
    this.calls.push(`release ${uid} ${sid}`)
  }
}
