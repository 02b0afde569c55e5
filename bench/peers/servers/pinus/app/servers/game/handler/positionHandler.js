/**
 * The pushes of the comparison, in one handler. It waits only for the last, because pushes arrive in order.
 */
class PositionHandler {
  async push({ count }, session) {
    let position = session.get('position') ?? 0
    for (let i = 1; i < count; i++) {
      session.set('position', ++position)
      session.push('position')
    }
    session.set('position', ++position)
    await session.apush('position')
    return position
  }

  async read(_body, session) {
    return session.get('position') ?? 0
  }
}

exports.default = () => new PositionHandler()
