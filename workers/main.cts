/**
 * The main file of a worker thread, loaded by Piscina. All else is in thread.ts.
 *
 * Piscina loads it by `require`. Node aborts the whole process, and so the gateway, if a thread is ended
 * while `require` loads an ES module. So this file is CommonJS, and `import()` loads the rest, which has no
 * such fault.
 */

// Piscina calls what this promise brings.
module.exports = import('./thread.js').then(({ startThread }) => startThread())
