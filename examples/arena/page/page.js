/** What all parts of the page use: its elements, the line about the connection, and the notes. */

/** Number of notes that the page keeps. */
const mostNotes = 6

export const find = id => document.getElementById(id)

/** Shows how the connection is. */
export function showStatus(text) {
  find('status').textContent = text
}

/** Writes a note above the older ones. */
export function note(text) {
  const line = document.createElement('p')
  line.textContent = text
  find('notes').prepend(line)
  while (find('notes').children.length > mostNotes) find('notes').lastElementChild.remove()
}
