/** Pieces of SVG text that the pictures have in common. */

/** Rounds to a tenth of a pixel. */
export function round(pixels: number): number {
  return Number(pixels.toFixed(1))
}

/** Returns a text element. `kind` is its class. */
export function svgText(kind: string, x: number, y: number, content: string, anchor = 'start'): string {
  const where = anchor === 'start' ? '' : ` text-anchor="${anchor}"`
  return `<text class="${kind}" x="${x}" y="${y}"${where}>${escapeText(content)}</text>`
}

export function escapeText(content: string): string {
  return content
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}
