/** The banner that the program prints: the gateway's URL, the loaded handlers, and a first thing to try. */
import type { Gateway } from '../gateway.js'

/** Number of routes that are listed for a file. Of further ones only the number is shown. */
const shownRoutes = 6

export function formatBanner(gateway: Gateway, version: string): string {
  const { options, url, routes } = gateway
  const files = new Map<string, string[]>()
  for (const { file, route } of routes) files.set(file, [...(files.get(file) ?? []), route])
  const width = Math.max(...[...files.keys()].map(file => file.length))
  const loaded = [...files].map(([file, names]) => {
    const more = names.length > shownRoutes ? ` and ${names.length - shownRoutes} more` : ''
    return `    ${file.padEnd(width)}  ${names.slice(0, shownRoutes).join(', ')}${more}`
  })
  return `
Sallyport ${version}${options.dev ? ', development: handlers are loaded anew when a file of theirs is saved' : ''}

  listens on  ${url}
  name        ${options.frontendId}
  workers     ${options.workers}
  handlers    ${options.handlers}
${loaded.join('\n')}

${options.onHttpRequest === undefined ? formatConsole(gateway) : formatPage(gateway)}

  ${options.dev ? 'r and Enter load the handlers anew. ' : ''}Ctrl-C ends it.
`
}

function formatPage({ url }: Gateway): string {
  return `  Open it in a browser, in two windows side by side:
    ${url.replace(/^ws/, 'http')}/`
}

function formatConsole({ url, routes }: Gateway): string {
  const score = routes.some(({ route }) => route === 'score.add')
  const request = score ? '[1,"score.add",{"points":3}]' : `[1,"${routes[0]!.route}",{}]`
  return `  Try it in a browser's console:
    ws = new WebSocket('${url}', 'sallyport.json')
    ws.onmessage = ({ data }) => console.log(data)
    ws.onopen = () => ws.send('${request}')`
}
