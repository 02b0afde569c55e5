/** The login: one field for the console's token. */
import { logIn } from '../parts/api.js'
import { create } from '../parts/dom.js'

/** @import { LoginAnswer } from '../../api/console-api.js' */
/** @import { View } from '../console.js' */

/**
 * @param {(login: LoginAnswer) => void} entered
 * @param {{ token?: string, why?: string }} [given] `token`: tried at once. `why`: what the user is told
 * @returns {View}
 */
export function openLogin(entered, { token = '', why = '' } = {}) {
  const input = create('input', {
    id: 'token',
    type: 'password',
    autocomplete: 'current-password',
    required: true,
    value: token,
    autofocus: true
  })
  const error = create('p', { id: 'token-error', className: 'error', role: 'alert' }, why)
  const submit = create('button', { type: 'submit' }, 'Log in')
  input.setAttribute('aria-describedby', 'token-error token-hint')
  const form = create(
    'form',
    { className: 'card login', noValidate: true },
    create('h2', {}, 'Console'),
    create('label', { htmlFor: 'token' }, 'Token'),
    input,
    error,
    submit,
    create(
      'p',
      { className: 'hint', id: 'token-hint' },
      'In development the gateway prints the token when it starts. Otherwise it is the option ',
      create('code', {}, 'consoleToken'),
      '.'
    )
  )

  async function enter() {
    if (input.value.trim() === '') {
      error.textContent = 'Write the token into the field.'
      input.focus()
      return
    }
    submit.disabled = true
    error.textContent = ''
    try {
      entered(await logIn(input.value.trim()))
    } catch (failure) {
      error.textContent = /** @type {Error} */ (failure).message
      input.ariaInvalid = 'true'
      input.focus()
      input.select()
    } finally {
      submit.disabled = false
    }
  }

  form.addEventListener('submit', event => {
    event.preventDefault()
    enter()
  })
  if (token !== '') enter()
  else requestAnimationFrame(() => input.focus())
  return { title: 'Log in', element: create('div', { className: 'view' }, form), close() {} }
}
