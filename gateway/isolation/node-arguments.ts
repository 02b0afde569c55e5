/** The command-line arguments of Node itself, which workers inherit. They stand before the program's name. */

const evalFlags = new Set(['-e', '--eval', '-p', '--print', '-pe', '--input-type'])

function isEval(argument: string): boolean {
  return evalFlags.has(argument.split('=')[0]!)
}

/** Whether the argument behind this one is its value. */
function takesNext(argument: string | undefined): boolean {
  return argument !== undefined && isEval(argument) && !argument.includes('=')
}

/** Whether some arguments belong to `node --eval`. A worker that inherits these does not start. */
export function hasEval(argv: readonly string[]): boolean {
  return argv.some(isEval)
}

/** Returns the arguments without those of `node --eval`, and without their values. */
export function withoutEval(argv: readonly string[]): string[] {
  return argv.filter((each, index) => !isEval(each) && !takesNext(argv[index - 1]))
}
