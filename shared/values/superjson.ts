/** Exports superjson to the other files; the only file that imports the package. */
export { SuperJSON } from 'superjson'
