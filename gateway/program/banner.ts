/** The banner that the program prints: the gateway's URL, the loaded handlers, and a first thing to try. */
import type { Gateway } from '../gateway.js'

/** Number of routes that are listed for a file, and of files. Of further ones only the number is shown. */
const shownRoutes = 6
const shownFiles = 12

/** @param file path of the configuration file; undefined if there is none */
export function formatBanner(gateway: Gateway, version: string, file?: string): string {
  const { options, url, routes } = gateway
  const files = new Map<string, string[]>()
  for (const { file, route } of routes) files.set(file, [...(files.get(file) ?? []), route])
  return `
Sallyport ${version}${options.dev ? ', development: handlers are loaded anew when a file of theirs is saved' : ''}

  listens on  ${url}
${formatInternal(gateway)}  name        ${options.frontendId}
  workers     ${options.workers}
${file === undefined ? '' : `  options     ${file}\n`}  handlers    ${options.handlers}
${formatRoutes(files, options.handlers)}

${formatPage(gateway)}  ${options.dev ? 'r and Enter load the handlers anew. ' : ''}Ctrl-C ends it.
`
}

function formatInternal({ internalUrl: url, console }: Gateway): string {
  if (url === undefined) return ''
  const token = console?.token === undefined ? '' : `  token: ${console.token}`
  const place = console === undefined ? '' : `  console     ${console.url}${token}\n`
  return `  internal    ${url}  for operators: /readyz, /metrics\n${place}`
}

/** Lists the files with their routes, cut to the first ones; then it says how to see all. */
function formatRoutes(files: ReadonlyMap<string, readonly string[]>, handlers: string): string {
  const shown = [...files].slice(0, shownFiles)
  const width = Math.max(...shown.map(([file]) => file.length))
  const lines = shown.map(([file, names]) => {
    const more = names.length > shownRoutes ? ` and ${names.length - shownRoutes} more` : ''
    return `    ${file.padEnd(width)}  ${names.slice(0, shownRoutes).join(', ')}${more}`
  })
  if (files.size > shownFiles) lines.push(`    and ${files.size - shownFiles} more files`)
  const isCut = files.size > shownFiles || shown.some(([, names]) => names.length > shownRoutes)
  if (isCut) lines.push('', `  \`sallyport routes --handlers ${handlers}\` shows all.`)
  return lines.join('\n')
}

function formatPage({ url, options }: Gateway): string {
  const isOwn = options.onHttpRequest !== undefined
  if (!isOwn && options.startPage === 'off') return ''
  // A browser cannot open the address that stands for all addresses of the machine.
  const address = url
    .replace(/^ws/, 'http')
    .replace('//0.0.0.0:', '//127.0.0.1:')
    .replace('//[::]:', '//[::1]:')
  return `  Open it in a browser${isOwn ? ', in two windows side by side' : ' to call these routes'}:
    ${address}/

`
}
