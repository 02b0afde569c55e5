/**
 * The race for requests, with a real second thread: a request is either started by the worker or taken back
 * by the gateway, and never both.
 */
import { Worker } from 'node:worker_threads'
import t from 'tap'
import { createClaimTable, openSlot, takeUnclaimed } from '../../../shared/link/claims.js'

const rounds = 10_000
const requests = 16

t.test(
  'of 10,000 races between a worker and the gateway, no request runs twice and none is lost',
  async t => {
    const table = createClaimTable()
    // One cell holds the number of the round. The worker claims as fast as it can, and reports how many it
    // got.
    const round = new Int32Array(new SharedArrayBuffer(4))
    const claimed = new Int32Array(new SharedArrayBuffer(4 * (rounds + 1)))
    const done = new Int32Array(new SharedArrayBuffer(4))
    const worker = new Worker(
      `import { workerData } from 'node:worker_threads'
     import { claim } from ${JSON.stringify(new URL('../../../shared/link/claims.js', import.meta.url).href)}
     const { table, round, claimed, done, rounds, requests } = workerData
     for (let r = 1; r <= rounds; r++) {
       while (Atomics.load(round, 0) < r);
       let got = 0
       while (got < requests && claim(table, r % 64, got)) got++
       claimed[r] = got
       Atomics.store(done, 0, r)
     }`.replace(/^ +/gm, ''),
      {
        eval: true,
        workerData: { table, round, claimed, done, rounds, requests },
        execArgv: ['--input-type=module']
      }
    )
    let both = 0
    let wrong = 0
    for (let r = 1; r <= rounds; r++) {
      openSlot(table, r % 64)
      Atomics.store(round, 0, r)
      // The moments differ, so that all outcomes occur: none, some or all requests claimed.
      for (let spin = 0; spin < (r * 37) % 400; spin++) Atomics.load(round, 0)
      const left = Math.min(takeUnclaimed(table, r % 64), requests)
      while (Atomics.load(done, 0) < r);
      if (claimed[r] !== left) wrong++
      if (left > 0 && left < requests) both++
    }
    await worker.terminate()
    t.equal(wrong, 0, 'both sides agree on what has started')
    t.ok(both > 0, `${both} races were won in part by each side`)
  }
)
