/**
 * A worker's message in development about the files that its modules come from.
 * Sent before the hello and at any time after it, since handlers may import modules late.
 */

export interface LoadedFiles {
  readonly kind: 'loaded'
  /** Absolute paths of modules that were found. */
  readonly files: readonly string[]
  /** Absolute paths of which one is missing: an import that was not found would be looked for there. */
  readonly missing: readonly string[]
}

/** Whether any value is such a message. */
export function isLoadedFiles(message: unknown): message is LoadedFiles {
  if (typeof message !== 'object' || message === null || Array.isArray(message)) return false
  const { kind, files, missing } = message as Record<string, unknown>
  return kind === 'loaded' && areTexts(files) && areTexts(missing)
}

function areTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every(each => typeof each === 'string')
}
