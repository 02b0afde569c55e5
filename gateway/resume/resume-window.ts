/** How long a session waits for its client. */
import type { Session } from '../sessions/session.js'
import type { ResumptionInit } from './resumption-init.js'

/** Returns how long a session waits for its client. Brief: only because it holds nothing. */
export function windowOf(
  session: Session,
  { resumeWindow, unboundResumeWindow }: Pick<ResumptionInit, 'resumeWindow' | 'unboundResumeWindow'>
): { readonly ms: number; readonly isBrief: boolean } {
  if (session.resumeWindow !== undefined) return { ms: session.resumeWindow, isBrief: false }
  const isBrief = unboundResumeWindow < resumeWindow && session.holdsNothing
  return { ms: isBrief ? unboundResumeWindow : resumeWindow, isBrief }
}
