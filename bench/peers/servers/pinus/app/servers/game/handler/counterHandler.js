/** The counter of the comparison, as a backend handler of Pinus: the player's counter in the session. */
class CounterHandler {
  /** Adds one, pushes it, waits until the frontend has it, and replies with the new value. */
  async add(_body, session) {
    const count = (session.get('count') ?? 0) + 1
    session.set('count', count)
    await session.apush('count')
    return count
  }
}

exports.default = () => new CounterHandler()
