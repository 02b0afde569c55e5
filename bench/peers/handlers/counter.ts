/** The counter of the comparison is that of the bench: the player's, kept in the session, added to and pushed. */
export { add } from '../../handlers/counter.js'
