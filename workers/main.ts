/**
 * The main file of a worker thread, loaded by Piscina. All else is in thread.ts.
 *
 * Piscina loads it by `require`. Node aborts the whole process, and so the gateway, if a thread is ended
 * while `require` links a graph of ES modules. So this file imports nothing itself: `import()` has no such
 * fault.
 */

// biome-ignore lint/style/noDefaultExport: Piscina calls what this promise of the default export brings
export default import('./thread.js').then(({ startThread }) => startThread())
