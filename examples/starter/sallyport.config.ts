import { defineConfig } from 'sallyport'

/** The options of the gateway. Flags and variables of the environment take precedence. */
export default defineConfig({
  handlers: './handlers'
})
