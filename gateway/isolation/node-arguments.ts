/** Arguments that Node itself was given, before the program's name: workers inherit them. */

const evalFlags = new Set(['-e', '--eval', '-p', '--print', '--input-type'])

function isEval(argument: string | undefined): boolean {
  return evalFlags.has(argument?.split('=')[0] ?? '')
}

/** Whether some say how the text of `node --eval` is meant: a worker that has these does not start. */
export function hasEval(argv: readonly string[]): boolean {
  return argv.some(isEval)
}

export function withoutEval(argv: readonly string[]): string[] {
  return argv.filter((each, index) => !isEval(each) && !isEval(argv[index - 1]))
}
