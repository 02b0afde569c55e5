/**
 * A reporter for tap: prints the failures in full, one line for each test file, and a last line for people
 * and CI. The last line is `N passed, N failed, N skipped`. tap pipes its raw output in. A reporter must be
 * plain JavaScript (tap loads no other).
 */
import { Transform } from 'node:stream'

const fileLine = /^(not )?ok \d+ - (\S+\.test\.js)(.*)$/
const totalLine =
  /^# \{ total: (\d+)(?:, pass: (\d+))?(?:, fail: (\d+))?(?:, skip: (\d+))?(?:, todo: (\d+))? \}/

// biome-ignore lint/style/noDefaultExport: what tap looks for
export default class Reporter extends Transform {
  #rest = ''
  #indented = []
  #totals = { total: 0, pass: 0, fail: 0, skip: 0 }

  _transform(chunk, _encoding, done) {
    const lines = (this.#rest + chunk).split('\n')
    this.#rest = lines.pop() ?? ''
    for (const line of lines) this.#read(line)
    done()
  }

  _flush(done) {
    if (this.#rest !== '') this.#read(this.#rest)
    const { pass, fail, skip } = this.#totals
    this.push(`${pass} passed, ${fail} failed, ${skip} skipped\n`)
    done()
  }

  #read(line) {
    const file = fileLine.exec(line)
    const total = totalLine.exec(line)
    if (total !== null) {
      const [, all = 0, pass = 0, fail = 0, skip = 0] = total
      this.#totals = { total: Number(all), pass: Number(pass), fail: Number(fail), skip: Number(skip) }
    } else if (file !== null) {
      // The lines of a file come before its result. They are printed only if the file has failed.
      if (file[1] !== undefined) this.push(`${this.#indented.join('\n')}\n`)
      for (const each of this.#indented) if (/# SKIP/.test(each)) this.push(`${each.trim()}\n`)
      this.#indented = []
      this.push(`${file[1] === undefined ? 'ok    ' : 'FAILED'} ${file[2].replace('dist/', '')}${file[3]}\n`)
    } else if (line.startsWith('not ok')) {
      this.push(`${line}\n`)
    } else {
      this.#indented.push(line)
    }
  }
}
