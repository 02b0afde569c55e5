/** The only file that imports superjson. */
export { SuperJSON } from 'superjson'
