/**
 * The load's process. It sends requests to a server over raw sockets, and reads the replies. A wrong reply
 * ends the run. Each kind of question to it has a file in this folder.
 */
import { type Audience, type AudienceResult, listen } from './audience.js'
import { Crowd, type CrowdQuestion } from './crowd.js'
import { type Flood, type FloodResult, flood } from './flood.js'
import { type OpenLoop, type OpenLoopResult, openLoop } from './open-loop.js'
import { type Overload, type OverloadResult, overload } from './overload.js'
import { fail, say } from './process.js'
import { type Storm, type StormResult, weather } from './storm.js'

export type { ReplyCheck } from './player.js'
export type {
  Audience,
  AudienceResult,
  CrowdQuestion,
  Flood,
  FloodResult,
  OpenLoop,
  OpenLoopResult,
  Overload,
  OverloadResult,
  Storm,
  StormResult
}

/** Run → load. */
export type LoadQuestion = Flood | OpenLoop | CrowdQuestion | Audience | Storm | Overload

/** Load → run. `begun`: the warm-up is over. */
export type LoadAnswer =
  | { readonly kind: 'begun' }
  | { readonly kind: 'done'; readonly result: FloodResult }
  | { readonly kind: 'paced'; readonly result: OpenLoopResult }
  | { readonly kind: 'listened'; readonly result: AudienceResult }
  | { readonly kind: 'away' }
  | { readonly kind: 'weathered'; readonly result: StormResult }
  | { readonly kind: 'overloaded'; readonly result: OverloadResult }
  | { readonly kind: 'gathered' }
  | { readonly kind: 'failed'; readonly message: string }

const crowd = new Crowd()

async function answer(asked: LoadQuestion): Promise<void> {
  switch (asked.kind) {
    case 'flood':
      return say({ kind: 'done', result: await flood(asked) })
    case 'open-loop':
      return say({ kind: 'paced', result: await openLoop(asked) })
    case 'audience':
      return say({ kind: 'listened', result: await listen(asked) })
    case 'storm':
      return say({ kind: 'weathered', result: await weather(asked) })
    case 'overload':
      return say({ kind: 'overloaded', result: await overload(asked) })
    case 'crowd':
      await crowd.become(asked)
      return say({ kind: 'gathered' })
  }
}

process.on('disconnect', () => process.exit())
process.on('SIGINT', () => {})
process.on('message', (asked: LoadQuestion) => {
  answer(asked).catch(fail)
})
