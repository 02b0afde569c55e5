/**
 * The door to `@opentelemetry/api`: the game's own, loaded only if the option `tracing` asks for it.
 *
 * All copies of the package in a process share one set of global objects. So spans go where the game's SDK
 * sends them, whichever copy the game or the SDK has.
 */
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type * as Api from '@opentelemetry/api'
import { errors } from '../errors.js'

export type TracingApi = typeof Api
export type { Attributes, Context, Span, Tracer } from '@opentelemetry/api'

/** The name under which an SDK sees our spans. */
export const tracerName = 'sallyport'

/**
 * Loads the package from where the handlers would find it.
 *
 * @param handlers absolute path of the handlers' folder
 * @throws `OPTION_INVALID` if it is not installed there
 */
export function loadTracingApi(handlers: string): TracingApi {
  try {
    return createRequire(join(handlers, 'handlers.js'))('@opentelemetry/api')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'MODULE_NOT_FOUND') throw error
    throw errors.optionInvalid(
      `The option \`tracing\` needs the package @opentelemetry/api, which is not installed for ${handlers}: npm install @opentelemetry/api`
    )
  }
}

/** Whether an SDK has registered a provider of tracers in this process or thread. */
export function hasProvider({ trace, ProxyTracerProvider }: TracingApi): boolean {
  const provider = trace.getTracerProvider()
  if (!(provider instanceof ProxyTracerProvider)) return true
  return provider.getDelegate() !== new ProxyTracerProvider().getDelegate()
}
