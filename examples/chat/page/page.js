/** What all parts of the page use: its elements, and the line about the connection. */

export const find = id => document.getElementById(id)

/** Creates an element with texts and elements in it. A text stays text: nothing in it is read as HTML. */
export function create(name, properties, ...content) {
  const element = Object.assign(document.createElement(name), properties)
  element.append(...content)
  return element
}

/** Shows how the connection is. */
export function showStatus(text) {
  find('status').textContent = text
}
