/** The one door to superjson: nobody else imports it. */
export { SuperJSON } from 'superjson'
