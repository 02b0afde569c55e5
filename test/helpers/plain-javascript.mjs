/**
 * Preloaded where the whole suite runs: tests are compiled before tap sees them, so that no test's process has to load the compiler of
 * tap's TypeScript plugin, which costs each of them a second.
 */
process.env.TAP_TYPE_STRIP_ONLY = '1'
