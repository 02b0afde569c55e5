/** All of a room's players are in one worker: the room is kept in its memory. Who has chosen no room runs anywhere. */
export const affinity = 'room'
