/**
 * The counter of the comparison, in both forms. They are the bench's own: a player's counter in the session,
 * incremented and pushed.
 */
export { apush as awaited, push as unawaited } from '../../handlers/idiom.js'
