/** The watchers of requests that a gateway's options ask for. */
import { isLogged } from '../../shared/text/log.js'
import type { RequestWatcher } from '../dispatch/open-requests.js'
import type { ResolvedOptions } from '../options/options.js'
import type { DebugLines } from './debug-lines.js'
import { SlowRequests } from './slow-requests.js'
import { TraceLines } from './trace-lines.js'

export type WatchOptions = Pick<ResolvedOptions, 'log' | 'logLevel' | 'slowRequest'>

export function createRequestWatchers(
  { log, logLevel, slowRequest }: WatchOptions,
  debugLines: DebugLines | undefined
): RequestWatcher[] {
  const watchers: RequestWatcher[] = []
  if (isLogged('trace', logLevel)) watchers.push(new TraceLines(log))
  if (debugLines !== undefined) watchers.push(debugLines)
  if (slowRequest > 0) watchers.push(new SlowRequests(slowRequest, log))
  return watchers
}
