/**
 * The choice between light and dark, before anything is drawn. Not a module: a module would run too late.
 * `console.js` gives the button its meaning.
 */
try {
  const theme = localStorage.getItem('sallyport-console-theme')
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme
} catch {
  // A browser without storage follows the system's choice.
}
