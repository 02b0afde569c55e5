/** The counter of the comparison, in both forms, as a backend handler of Pinus: it is in the session. */
class CounterHandler {
  /** Adds one, pushes it, waits until the frontend has it, and replies with the new value. */
  async awaited(_body, session) {
    const count = next(session)
    await session.apush('count')
    return count
  }

  /** Does the same, and replies without waiting for the frontend. */
  async unawaited(_body, session) {
    const count = next(session)
    session.push('count', noted)
    return count
  }
}

function next(session) {
  const count = (session.get('count') ?? 0) + 1
  session.set('count', count)
  return count
}

function noted(error) {
  if (error) console.error(error)
}

exports.default = () => new CounterHandler()
