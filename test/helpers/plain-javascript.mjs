/**
 * Preloaded where the whole suite runs: tests are compiled before tap sees them, nothing in them is mocked by its path, and no coverage is
 * taken. So no process of a test, nor one that it starts, has to load the compiler of tap's TypeScript plugin (a second) or to send all
 * its imports through the threads of tap's loaders (another half).
 */
import module, { syncBuiltinESMExports } from 'node:module'

process.env.TAP_TYPE_STRIP_ONLY = '1'

const { register } = module
module.register = (specifier, ...rest) => {
  if (!String(specifier).includes('/@tapjs/')) register(specifier, ...rest)
}
syncBuiltinESMExports()
