/** Work with a crowd around it: sessions that are open and have nothing to ask. */
import type { CrowdQuestion } from '../load/crowd.js'
import { expectOpenFiles } from '../readings/open-files.js'
import type { Load, Work } from './work.js'

export interface CrowdInit {
  readonly size: number
  /** What each of them asks for when it comes. */
  readonly first: string
}

/** The crowd leaves behind the work, so that the other contenders have the machine for themselves. */
export function inCrowd({ size, first }: CrowdInit, work: Work): Work {
  return {
    async run(racer, round) {
      expectOpenFiles({ sockets: size })
      await gather(round.load, { port: racer.port, first, size })
      const measurement = await work.run(racer, round)
      await gather(round.load, { port: racer.port, first, size: 0 })
      return measurement
    }
  }
}

export async function gather(load: Load, asked: Omit<CrowdQuestion, 'kind'>): Promise<void> {
  const gathered = load.next('gathered')
  load.say({ ...asked, kind: 'crowd' } satisfies CrowdQuestion)
  await gathered
}
