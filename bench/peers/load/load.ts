/** The load's process, which the run asks for one thing after the other. */
import { fail } from '../../load/process.js'
import { gather } from './crowd.js'
import { flood } from './flood.js'
import { type LoadQuestion, say } from './messages.js'
import { pushOn } from './pushes.js'

/** Functions that disconnect the idle sockets. */
const dismissals: (() => void)[] = []

async function answer(question: LoadQuestion): Promise<void> {
  switch (question.kind) {
    case 'flood':
      return say({ kind: 'flooded', result: await flood(question) })
    case 'crowd':
      dismissals.push(await gather(question))
      return say({ kind: 'begun' })
    case 'leave':
      for (const dismiss of dismissals.splice(0)) dismiss()
      return say({ kind: 'left' })
    case 'pushes':
      return say({ kind: 'pushed', result: await pushOn(question) })
  }
}

process.on('disconnect', () => process.exit())
process.on('SIGINT', () => {})
process.on('message', (question: LoadQuestion) => {
  answer(question).catch(fail)
})
