import type { BackendSession } from '../../../../workers/index.js'

export async function before(_body: unknown, session: BackendSession) {
  await session.abind('')
}
