/** The chat's page, which needs no build: it is read where it was written, and this module is compiled into dist. */
import { servePage } from 'sallyport'

export const onHttpRequest = servePage(new URL('../../../examples/chat/page/', import.meta.url))
