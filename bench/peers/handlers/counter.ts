/**
 * The counter of the comparison. It is the bench's own: a player's counter in the session, incremented and
 * pushed.
 */
export { add } from '../../handlers/counter.js'
