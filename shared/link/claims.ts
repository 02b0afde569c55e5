/**
 * Claims: how a handed-out request can be taken back. Gateway and worker share one Int32 for each turn (its
 * slot). The worker claims the turn's next request by counting the slot up before any code of the game runs;
 * the gateway takes back all that are not claimed by writing TAKEN. Either sees what the other did, so each
 * request has started, or has not, and both sides know it: also after a crash. The same memory says whether the worker's event
 * loop turns, and whose code has the thread: a thread that is stuck can send no message.
 */

/** What a slot holds once its unclaimed requests were taken back. */
const taken = 0x7fffffff

/** Slots in the memory that one worker shares with the gateway: turns that can be out at the same time. */
export const claimSlots = 4096

export type ClaimTable = Int32Array<SharedArrayBuffer>

/** Behind the slots: a count that goes up while the worker's event loop turns, and the request whose code runs now. */
const pulseAt = claimSlots
const runningAt = claimSlots + 1

export function createClaimTable(): ClaimTable {
  return new Int32Array(new SharedArrayBuffer((claimSlots + 2) * Int32Array.BYTES_PER_ELEMENT))
}

/** Worker, or who hears of it: its event loop turns. */
export function beat(table: ClaimTable): void {
  Atomics.add(table, pulseAt, 1)
}

/** Gateway: how often it has. */
export function readPulse(table: ClaimTable): number {
  return Atomics.load(table, pulseAt)
}

/** Worker: the request of that number has the thread now; 0: none has. */
export function setRunning(table: ClaimTable, rid: number): void {
  Atomics.store(table, runningAt, rid)
}

/** Gateway: the request that has the thread, as `runningAs` gives its number; 0: none has. */
export function readRunning(table: ClaimTable): number {
  return Atomics.load(table, runningAt)
}

/** A request's number as far as 32 bits tell it. */
export function runningAs(rid: number): number {
  return rid | 0
}

/** Gateway: makes the slot ready for a turn. */
export function openSlot(table: ClaimTable, slot: number): void {
  Atomics.store(table, slot, 0)
}

/** Worker, or the gateway for one that shares no memory with it: claims the request at `index` of the slot's turn. False: it was taken back, and so are all behind it. */
export function claim(table: ClaimTable, slot: number, index: number): boolean {
  return Atomics.compareExchange(table, slot, index, index + 1) === index
}

/** Gateway: takes back what is not claimed. Gives how many were claimed; call it once a turn. */
export function takeUnclaimed(table: ClaimTable, slot: number): number {
  return Atomics.exchange(table, slot, taken)
}

/** Gateway: how many requests of the slot's turn are claimed by now. */
export function countClaimed(table: ClaimTable, slot: number): number {
  return Atomics.load(table, slot)
}
