/**
 * Building elements of the page, and changing them without a redraw.
 *
 * What comes from the gateway is inserted as text, never as HTML. An element that is drawn again every two
 * seconds keeps its children, so that the focus and a selection stay.
 */

/**
 * Returns the element of `index.html` with this id.
 *
 * @param {string} id
 * @returns {HTMLElement}
 */
export function find(id) {
  const element = document.getElementById(id)
  if (element === null) throw new Error(`The page has no element "${id}"`)
  return element
}

/**
 * Creates an element with texts and elements in it. Nothing in a text is read as HTML.
 *
 * @template {keyof HTMLElementTagNameMap} Name
 * @param {Name} name
 * @param {Partial<Omit<HTMLElementTagNameMap[Name], 'dataset' | 'style' | 'children'>>} [properties]
 * @param {...(Node | string)} content
 * @returns {HTMLElementTagNameMap[Name]}
 */
export function create(name, properties = {}, ...content) {
  const element = Object.assign(document.createElement(name), properties)
  element.append(...content)
  return element
}

/**
 * Changes the text of an element, if it is another one.
 *
 * @param {Element} element
 * @param {string} text
 */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text
}

/**
 * Creates a picture of the set in `index.html`. It says nothing to a screen reader: a text stands beside it.
 *
 * @param {string} name
 * @returns {SVGSVGElement}
 */
export function icon(name) {
  const space = 'http://www.w3.org/2000/svg'
  const picture = document.createElementNS(space, 'svg')
  picture.setAttribute('class', 'icon')
  picture.setAttribute('aria-hidden', 'true')
  const use = document.createElementNS(space, 'use')
  use.setAttribute('href', `#icon-${name}`)
  picture.append(use)
  return picture
}

/**
 * Creates a button.
 *
 * @param {string} text
 * @param {(event: MouseEvent) => void} press
 * @param {{ className?: string, title?: string, ariaLabel?: string, disabled?: boolean }} [properties]
 */
export function button(text, press, properties = {}) {
  const element = create('button', { type: 'button', ...properties }, text)
  element.addEventListener('click', press)
  return element
}

/**
 * Disables a button, or enables it. The focus would be lost with it, and goes to the view instead.
 *
 * @param {HTMLButtonElement} element
 * @param {boolean} isDisabled
 */
export function setDisabled(element, isDisabled) {
  if (isDisabled && element === document.activeElement) find('main').focus({ preventScroll: true })
  element.disabled = isDisabled
}

/**
 * Returns whether a key belongs to an input method, such as the Enter that ends a word in Japanese. Safari
 * shows it by the code alone.
 *
 * @param {KeyboardEvent} event
 */
export function isComposing(event) {
  return event.isComposing || event.keyCode === 229
}

/**
 * Returns a sentence of the gateway with its names in backticks as code.
 *
 * @param {string} text
 * @returns {(Node | string)[]}
 */
export function markCode(text) {
  return text.split('`').map((part, index) => (index % 2 === 1 ? create('code', {}, part) : part))
}

/**
 * Creates a section with a heading, as a card.
 *
 * @param {string} title
 * @param {...(Node | string)} content
 */
export function card(title, ...content) {
  const heading = create('h3', { id: `part-${++cards}` }, title)
  const section = create('section', { className: 'card' }, heading, ...content)
  section.setAttribute('aria-labelledby', heading.id)
  return section
}

let cards = 0

/**
 * Creates a field with its label.
 *
 * @param {string} text
 * @param {HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement} control
 */
export function field(text, control) {
  return create('label', { className: 'field' }, create('span', {}, text), control)
}

/**
 * Creates a choice of one of several words.
 *
 * @param {readonly (readonly [value: string, text: string])[]} options
 * @param {string} [chosen]
 */
export function choice(options, chosen) {
  const select = create('select')
  for (const [value, text] of options) select.append(create('option', { value }, text))
  if (chosen !== undefined) select.value = chosen
  return select
}
