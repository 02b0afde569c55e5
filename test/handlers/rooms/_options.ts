/** All requests of one room run in one worker. */
export const affinity = 'room'
