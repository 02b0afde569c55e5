/** `npm run fuzz`: a million inputs, or as many as one likes. */
import { parseArgs } from 'node:util'
import { fuzzDecoders } from './decoders.js'

const { values } = parseArgs({
  options: {
    inputs: { type: 'string', default: '1000000' },
    seed: { type: 'string', default: String(Date.now()) }
  }
})
const seed = Number(values.seed)
process.stdout.write(`seed ${seed}\n`)
const report = fuzzDecoders(Number(values.inputs), seed)
process.stdout.write(`${JSON.stringify(report, null, 2)}\n`)
process.exitCode = report.faults.length > 0 ? 1 : 0
