/**
 * The claim table: shared memory by which the gateway takes back requests that have not started.
 *
 * Gateway and worker share one Int32, a slot, for each turn. The worker claims the turn's next request by
 * incrementing the slot before any code of the game runs. The gateway takes back all unclaimed requests by
 * writing `taken`. Both operations are atomic, so both sides always agree on whether a request has started,
 * even after a crash.
 *
 * The same memory holds the worker's pulse and the id of the running request, since a stuck thread can send
 * no message.
 */

/** Value of a slot whose unclaimed requests were taken back. */
const taken = 0x7fffffff

/** Number of slots of one worker: how many turns it can hold at the same time. */
export const claimSlots = 4096

export type ClaimTable = Int32Array<SharedArrayBuffer>

/**
 * Index of the pulse, behind the slots. The pulse counts up while the event loop turns. The running request's
 * id stands behind it.
 */
const pulseAt = claimSlots
const runningAt = claimSlots + 1

export function createClaimTable(): ClaimTable {
  return new Int32Array(new SharedArrayBuffer((claimSlots + 2) * Int32Array.BYTES_PER_ELEMENT))
}

/**
 * Counts the pulse up. Called by a worker thread itself, and by the gateway for a worker process that has
 * sent a beat.
 */
export function beat(table: ClaimTable): void {
  Atomics.add(table, pulseAt, 1)
}

/** Gateway: returns the pulse, which has changed if the event loop has turned since it was read last. */
export function readPulse(table: ClaimTable): number {
  return Atomics.load(table, pulseAt)
}

/** Worker: notes which request occupies the thread; 0 means none. */
export function setRunning(table: ClaimTable, rid: number): void {
  Atomics.store(table, runningAt, rid)
}

/**
 * Gateway: returns the id, as `runningAs` makes it, of the request that occupies the thread; 0 means none.
 */
export function readRunning(table: ClaimTable): number {
  return Atomics.load(table, runningAt)
}

/** Returns the lower 32 bits of a request's number. */
export function runningAs(rid: number): number {
  return rid | 0
}

/** Gateway: prepares the slot for a turn. */
export function openSlot(table: ClaimTable, slot: number): void {
  Atomics.store(table, slot, 0)
}

/**
 * Claims the request at `index` of the slot's turn. Called by a worker thread, and by the gateway for a
 * worker process, which shares no memory with it. Returns false if that request, and with it every later one
 * of the turn, was taken back.
 */
export function claim(table: ClaimTable, slot: number, index: number): boolean {
  return Atomics.compareExchange(table, slot, index, index + 1) === index
}

/**
 * Gateway: takes back the unclaimed requests and returns how many were claimed. Call it once for each turn.
 */
export function takeUnclaimed(table: ClaimTable, slot: number): number {
  return Atomics.exchange(table, slot, taken)
}

/** Gateway: returns how many requests of the slot's turn have been claimed so far. */
export function countClaimed(table: ClaimTable, slot: number): number {
  return Atomics.load(table, slot)
}
