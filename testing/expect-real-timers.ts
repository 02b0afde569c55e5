/** Refuses timers that a test has mocked: a gateway, its workers and its players would wait for ever. */
import { setImmediate, setTimeout } from '../workers/runtime/own-time.js'

/**
 * Rejects with an Error if `setTimeout` or `setImmediate` is mocked now. One that is only wrapped, as by a
 * tracer, is real.
 */
export async function expectRealTimers(): Promise<void> {
  for (const [name, start, startReal] of [
    ['setTimeout', globalThis.setTimeout, setTimeout],
    ['setImmediate', globalThis.setImmediate, setImmediate]
  ] as const) {
    let hasCome = false
    start(() => {
      hasCome = true
    })
    // Made later, so it comes later.
    await new Promise<void>(resolve => startReal(resolve))
    if (hasCome) continue
    throw new Error(
      `TestGateway needs real timers, and ${name} is mocked: mock setInterval and Date only, or use TestWorld`
    )
  }
}
