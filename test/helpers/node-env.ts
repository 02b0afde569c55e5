/** The variable NODE_ENV of this process, for one test. */
import type { Test } from 'tap'

/** Sets it, or deletes it for undefined, and puts it back at the end of the test. */
export function setNodeEnv(t: Test, value: string | undefined): void {
  const before = process.env['NODE_ENV']
  const set = (to: string | undefined) => {
    if (to === undefined) delete process.env['NODE_ENV']
    else process.env['NODE_ENV'] = to
  }
  set(value)
  t.teardown(() => set(before))
}
