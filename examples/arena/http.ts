/**
 * Serves the arena's page. The page needs no build, so it is read from the source folder, although this
 * module is compiled into dist.
 */
import { servePage } from 'sallyport'

export const onHttpRequest = servePage(new URL('../../../examples/arena/page/', import.meta.url))
