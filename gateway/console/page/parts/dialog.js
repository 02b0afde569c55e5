/** Questions before a change, and notices of what became of it. */
import { button, create, find, icon, isComposing } from './dom.js'

/**
 * Asks before a change. Resolves with what was written into the field, '' without one; undefined if it was
 * cancelled. The focus goes back to where it was.
 *
 * @param {object} question
 * @param {string} question.title
 * @param {string} question.text what will happen
 * @param {string} question.confirm the text of the button
 * @param {{ label: string, maxLength: number, hint?: string }} [question.field]
 * @returns {Promise<string | undefined>}
 */
export function ask({ title, text, confirm, field }) {
  const input = create('input', { id: 'dialog-field', autocomplete: 'off', maxLength: field?.maxLength ?? 0 })
  const label = create('label', { htmlFor: input.id }, field?.label ?? '')
  const hint = create('p', { className: 'hint', id: 'dialog-hint' }, field?.hint ?? '')
  input.setAttribute('aria-describedby', hint.id)
  const form = create(
    'form',
    { method: 'dialog' },
    create('h2', { id: 'dialog-title' }, title),
    create('p', { id: 'dialog-text' }, text),
    ...(field ? [label, input, hint] : []),
    create(
      'div',
      { className: 'buttons end' },
      create(
        'button',
        { type: 'submit', value: 'cancel', className: 'quiet', formNoValidate: true },
        'Cancel'
      ),
      create('button', { type: 'submit', value: 'confirm', className: 'danger' }, confirm)
    )
  )
  const dialog = create('dialog', {}, form)
  dialog.setAttribute('aria-labelledby', 'dialog-title')
  dialog.setAttribute('aria-describedby', 'dialog-text')
  // Enter in the field would press the first button, which is Cancel.
  input.addEventListener('keydown', event => {
    if (event.key !== 'Enter' || isComposing(event)) return
    event.preventDefault()
    dialog.close('confirm')
  })
  const asked = document.activeElement
  document.body.append(dialog)
  return new Promise(resolve => {
    dialog.addEventListener('close', () => {
      dialog.remove()
      // The browser gives the focus back as well, but not if the button was disabled meanwhile.
      if (asked instanceof HTMLElement) asked.focus()
      resolve(dialog.returnValue === 'confirm' ? input.value.trim() : undefined)
    })
    dialog.showModal()
  })
}

/** Milliseconds for which a notice of success is shown. A failure stays until it is closed. */
const shownFor = 6_000

/**
 * Tells what became of a change; a screen reader says it.
 *
 * @param {'done' | 'failed'} kind
 * @param {string} text
 */
export function tell(kind, text) {
  const notice = create('div', { className: `notice ${kind}` }, icon(kind === 'done' ? 'check' : 'alert'))
  const close = button('', () => notice.remove(), { className: 'close', ariaLabel: 'Close this notice' })
  close.append(icon('close'))
  notice.append(create('p', {}, text), close)
  find(kind === 'done' ? 'notices' : 'alerts').append(notice)
  if (kind === 'done') setTimeout(() => notice.remove(), shownFor)
}

/**
 * Makes a change, and tells what became of it. Returns whether it was made.
 *
 * @param {string} done
 * @param {() => Promise<unknown>} act
 */
export async function attempt(done, act) {
  try {
    await act()
    tell('done', done)
    return true
  } catch (error) {
    tell('failed', /** @type {Error} */ (error).message)
    return false
  }
}
