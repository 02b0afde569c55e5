/** The project's own files as text, for the tests that look at the tree itself. */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import ts from 'typescript'
import { root } from './paths.js'

const notOurs = new Set(['node_modules', 'dist', '.git', '.tap', 'fixtures'])

/** Returns the files below a folder of the project, as paths relative to the project. */
export function listFiles(folder = ''): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap(entry => {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return notOurs.has(entry.name) ? [] : listFiles(path)
    return entry.isFile() ? [path] : []
  })
}

export function readText(path: string): string {
  return readFileSync(join(root, path), 'utf8')
}

export interface Import {
  /** The imported package, or the path of a file relative to the project, such as `shared/errors.ts`. */
  readonly from: string
  readonly isTypeOnly: boolean
}

export interface Source {
  readonly path: string
  /** The first folder of the file's path. */
  readonly folder: string
  readonly imports: readonly Import[]
  readonly hasDefaultExport: boolean
  /** Line numbers of each `any` without a comment that gives the reason. */
  readonly unexcusedAnys: readonly number[]
  /** Line numbers of each `t.match` with a list as its pattern, which also passes for a longer list. */
  readonly looseMatches: readonly number[]
}

export function readSources(folders: readonly string[]): Source[] {
  return folders
    .flatMap(listFiles)
    .filter(path => /\.c?ts$/.test(path))
    .map(path => readSource(path, readText(path)))
}

export function readSource(path: string, text: string): Source {
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true)
  const lines = text.split('\n')
  const imports: Import[] = []
  const unexcusedAnys: number[] = []
  const looseMatches: number[] = []
  let hasDefaultExport = false
  const add = (specifier: ts.Node, isTypeOnly: boolean) => {
    if (ts.isStringLiteral(specifier)) imports.push({ from: resolve(path, specifier.text), isTypeOnly })
  }
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) add(node.moduleSpecifier, isTypeOnly(node.importClause))
    if (ts.isExportDeclaration(node) && node.moduleSpecifier) add(node.moduleSpecifier, node.isTypeOnly)
    if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) add(node.argument.literal, true)
    if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      add(node.arguments[0]!, false)
    }
    if (ts.isExportAssignment(node) || isDefault(node)) hasDefaultExport = true
    if (isLooseMatch(node)) looseMatches.push(file.getLineAndCharacterOfPosition(node.getStart()).line + 1)
    if (node.kind === ts.SyntaxKind.AnyKeyword) {
      const line = file.getLineAndCharacterOfPosition(node.getStart()).line
      if (!/biome-ignore lint\/suspicious\/noExplicitAny: ./.test(lines[line - 1] ?? '')) {
        unexcusedAnys.push(line + 1)
      }
    }
    ts.forEachChild(node, visit)
  }
  visit(file)
  return {
    path,
    folder: path.split('/')[0]!,
    imports,
    hasDefaultExport,
    unexcusedAnys,
    looseMatches
  }
}

/** Whether an import consists of types only, and so does not exist when the program runs. */
function isTypeOnly(clause: ts.ImportClause | undefined): boolean {
  if (clause === undefined) return false
  if (clause.phaseModifier === ts.SyntaxKind.TypeKeyword) return true
  const { name, namedBindings } = clause
  return (
    name === undefined &&
    namedBindings !== undefined &&
    ts.isNamedImports(namedBindings) &&
    namedBindings.elements.every(element => element.isTypeOnly)
  )
}

function isLooseMatch(node: ts.Node): boolean {
  if (!ts.isCallExpression(node) || !ts.isPropertyAccessExpression(node.expression)) return false
  const { expression, name } = node.expression
  const isMatch = ts.isIdentifier(expression) && expression.text === 't' && name.text === 'match'
  return isMatch && node.arguments[1] !== undefined && ts.isArrayLiteralExpression(node.arguments[1])
}

function isDefault(node: ts.Node): boolean {
  if (ts.isExportSpecifier(node)) return node.name.text === 'default'
  return (
    ts.canHaveModifiers(node) &&
    ts.getModifiers(node)?.some(modifier => modifier.kind === ts.SyntaxKind.DefaultKeyword) === true
  )
}

function resolve(from: string, specifier: string): string {
  if (!specifier.startsWith('.')) return specifier
  return relative(root, join(root, dirname(from), specifier)).replace(/\.js$/, '.ts')
}
