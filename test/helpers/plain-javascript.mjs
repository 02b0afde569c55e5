/**
 * Keeps tap's loaders out of test processes; preloaded when the whole suite runs. Tests need none of them:
 * they are compiled before tap sees them, mock nothing by its path, and measure no coverage. So no process of
 * a test has to load the compiler of tap's TypeScript plugin, which takes a second. Nor does it send all its
 * imports through the threads of tap's loaders, which takes another half. The same holds for the processes
 * that a test starts.
 */
import module, { syncBuiltinESMExports } from 'node:module'

process.env.TAP_TYPE_STRIP_ONLY = '1'

const { register } = module
module.register = (specifier, ...rest) => {
  if (!String(specifier).includes('/@tapjs/')) register(specifier, ...rest)
}
syncBuiltinESMExports()
