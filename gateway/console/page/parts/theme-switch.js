/** The switch between the system's colours, light and dark. `theme.js` applies the choice at the next visit. */
import { find, icon } from './dom.js'

const themes = /** @type {const} */ (['auto', 'light', 'dark'])
const key = 'sallyport-console-theme'

/** @param {() => void} changed called when the colours are others, also by the system's choice */
export function startThemeSwitch(changed) {
  const { dataset } = document.documentElement
  const button = find('theme')
  const show = () => {
    const theme = dataset['theme'] ?? 'auto'
    const words = theme === 'auto' ? 'as the system' : theme
    button.replaceChildren(icon(theme))
    button.ariaLabel = `Colours: ${words}`
    button.title = button.ariaLabel
  }
  button.addEventListener('click', () => {
    const now = themes.indexOf(/** @type {any} */ (dataset['theme'] ?? 'auto'))
    const next = themes[(now + 1) % themes.length]
    if (next === 'auto' || next === undefined) delete dataset['theme']
    else dataset['theme'] = next
    try {
      localStorage.setItem(key, next ?? 'auto')
    } catch {
      // Without storage the choice holds for this visit.
    }
    show()
    changed()
  })
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', changed)
  show()
}
