/** Compiles TypeScript as a strict project of a game would. */
import ts from 'typescript'

/** Returns the messages of the compiler on files, each with its lines from the general to the special. */
export function compile(...files: string[]): string[][] {
  const options: ts.CompilerOptions = {
    module: ts.ModuleKind.NodeNext,
    target: ts.ScriptTarget.ES2023,
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    types: ['node']
  }
  return ts
    .getPreEmitDiagnostics(ts.createProgram(files, options))
    .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n').split('\n'))
}
