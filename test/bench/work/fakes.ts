/** A fake load and a fake racer, which only answer. */
import type {
  AudienceResult,
  FloodResult,
  LoadAnswer,
  LoadQuestion,
  OpenLoopResult,
  OverloadResult
} from '../../../bench/load/load.js'
import type { Racer } from '../../../bench/processes/racer.js'
import type { Load, Round } from '../../../bench/work/work.js'

export interface FakeResults {
  readonly flood?: FloodResult
  readonly openLoop?: OpenLoopResult
  readonly overload?: OverloadResult
  readonly audience?: AudienceResult
}

export interface FakeRound {
  readonly round: Round
  /** What the load was asked for, in order. */
  readonly asked: readonly LoadQuestion[]
}

export function createRound(
  { flood, openLoop, overload, audience }: FakeResults,
  connections = 0
): FakeRound {
  const asked: LoadQuestion[] = []
  const answers: Record<LoadAnswer['kind'], unknown> = {
    begun: {},
    done: { result: flood },
    paced: { result: openLoop },
    gathered: {},
    listened: { result: audience },
    away: {},
    weathered: {},
    overloaded: { result: overload },
    failed: {}
  }
  const load = {
    say: (question: LoadQuestion) => asked.push(question),
    next: async (kind: LoadAnswer['kind']) => answers[kind]
  }
  return { round: { seconds: 2, warmupSeconds: 0.5, connections, load: load as unknown as Load }, asked }
}

export interface FakeRacerInit {
  readonly port?: number
  /** Results of its tasks, one after the other. */
  readonly results?: readonly unknown[]
  /** The result of `startAnew`. */
  readonly fresh?: Racer
  /** Called with each task. */
  readonly onAsk?: (task: unknown, what: unknown) => void
  readonly onEnd?: () => void
}

export function createRacer({ port = 1, results = [], fresh, onAsk, onEnd }: FakeRacerInit = {}): Racer {
  const left = [...results]
  let at = 0
  // Half a core for the process, and a fifth for its main thread, which waits for a tenth of the time.
  const usage = () => {
    at += 1000
    return { at, process: at * 500, mainThread: at * 200, mainThreadWait: at * 100, workers: undefined }
  }
  const racer = {
    port,
    ask: async (task: unknown, what: unknown) => {
      onAsk?.(task, what)
      return { before: usage(), result: left.shift(), after: usage() }
    },
    usage: async () => usage(),
    startAnew: async () => fresh,
    end: async () => onEnd?.()
  }
  return racer as unknown as Racer
}
