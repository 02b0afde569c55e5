/**
 * Serves the chat's page. The page needs no build, so it is read from the source folder, although this module
 * is compiled into dist.
 */
import { servePage } from 'sallyport'

export const onHttpRequest = servePage(new URL('../../../examples/chat/page/', import.meta.url))
