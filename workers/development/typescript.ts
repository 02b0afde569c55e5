/** Registers a loader for TypeScript in a worker, with the game's own tsconfig.json. */

/**
 * Imports the modules of a loader and registers them. `tsconfig` is used wherever the program was started
 * from, except that a `TSX_TSCONFIG_PATH` of the environment has precedence.
 */
export async function registerTypescript(
  loaders: readonly string[],
  tsconfig: string | undefined
): Promise<void> {
  const { TSX_TSCONFIG_PATH: asked } = process.env
  // The loader of tsx for CommonJS has no option for it, and reads the variable once, as it registers.
  if (asked === undefined && tsconfig !== undefined) process.env['TSX_TSCONFIG_PATH'] = tsconfig
  try {
    for (const loader of loaders) (await import(loader)).register()
  } finally {
    if (asked === undefined) delete process.env['TSX_TSCONFIG_PATH']
  }
}
