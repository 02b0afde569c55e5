/**
 * The options of the arena's handlers. All players of a room run in one worker, because the room is kept in
 * its memory. A player who has not chosen a room runs in any worker.
 */
export const affinity = 'room'
