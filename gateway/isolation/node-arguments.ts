/** The command-line arguments of Node itself, which workers inherit. They stand before the program's name. */

const evalFlags = new Set(['-e', '--eval', '-p', '--print', '--input-type'])

function isEval(argument: string | undefined): boolean {
  return evalFlags.has(argument?.split('=')[0] ?? '')
}

/** Whether some arguments belong to `node --eval`. A worker that inherits these does not start. */
export function hasEval(argv: readonly string[]): boolean {
  return argv.some(isEval)
}

/** Returns the arguments without those of `node --eval`, and without their values. */
export function withoutEval(argv: readonly string[]): string[] {
  return argv.filter((each, index) => !isEval(each) && !isEval(argv[index - 1]))
}
