/** One server of Pinus; its command line says which. Pinus loads only CommonJS. */
require('reflect-metadata')
const { pinus } = require('pinus')

process.on('disconnect', () => process.exit())
process.on('SIGINT', () => {})

const app = pinus.createApp({ base: process.env.PINUS_BASE })
app.set('name', 'bench')
app.configure('production', 'connector', () => {
  app.set('connectorConfig', {
    connector: pinus.connectors.hybridconnector,
    heartbeat: 3,
    useDict: true,
    useProtobuf: true,
    distinctHost: true
  })
})

if (app.getServerType() === 'master') app.start(() => process.send('up'))
else {
  app.event.on(pinus.events.START_ALL, () => process.send('up'))
  app.start()
}
