/** Work beside a crowd of idle sessions. */
import type { CrowdQuestion } from '../load/crowd.js'
import { expectOpenFiles } from '../readings/open-files.js'
import type { Load, Work } from './work.js'

export interface CrowdInit {
  readonly size: number
  /** Route that each session of the crowd requests when it connects. */
  readonly first: string
}

/**
 * Returns the work beside a crowd. The crowd leaves after it, so that the other contenders have the machine
 * for themselves.
 */
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
