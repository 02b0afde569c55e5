/** Another gateway of a cluster: tells its URL over IPC, and ends with the process that has started it. */
import { createGateway } from '../../gateway/index.js'

const gateway = await createGateway(JSON.parse(process.argv[2]!))
process.on('SIGINT', () => {})
process.once('disconnect', () => void gateway.close().then(() => process.exit()))
process.send!(gateway.url)
