/**
 * The form of a call: the route, and its body from a form or as JSON.
 *
 * Form and JSON show the same body: a change of the tab carries it over.
 */
import { button, create, isComposing, setText } from '../parts/dom.js'
import { createSchemaForm } from './schema-form.js'

/** @import { RouteRow } from '../../api/console-api.js' */
/** @import { SchemaField } from './schema-form.js' */

/** @typedef {(route: string, body: unknown, text: string) => void} Send */

export class CallForm {
  #route = create('input', { id: 'call-route', spellcheck: false, autocomplete: 'off' })
  #list = create('datalist', { id: 'call-routes' })
  #json = create('textarea', { id: 'call-body', rows: 4, spellcheck: false })
  #jsonField = create('div', { className: 'field' })
  #formField = create('div', { hidden: true })
  #tabs = create('div', {
    className: 'tabs',
    role: 'group',
    ariaLabel: 'How to write the body',
    hidden: true
  })
  #asForm = button('Form', () => this.#show('form'))
  #asJson = button('JSON', () => this.#show('json'))
  #problem = create('p', { id: 'call-problem', className: 'error', role: 'alert' })
  #submit = create('button', { type: 'submit', disabled: true }, 'Request')
  #notify = create('button', { type: 'submit', className: 'quiet', disabled: true }, 'Notify')
  /** @type {Map<string, RouteRow>} */
  #routes = new Map()
  /** @type {SchemaField | undefined} */
  #form
  /** The route and the schema of `#form`. */
  #formOf = ''
  /** @type {'form' | 'json'} */
  #shown = 'json'

  /** @param {{ request: Send, notify: Send }} calls */
  constructor({ request, notify }) {
    this.#route.setAttribute('list', this.#list.id)
    for (const control of [this.#route, this.#json])
      control.setAttribute('aria-describedby', this.#problem.id)
    this.#jsonField.append(
      create('label', { htmlFor: this.#json.id }, 'Body, as JSON; none if empty'),
      this.#json
    )
    this.#tabs.append(this.#asForm, this.#asJson)
    this.element = create(
      'form',
      { className: 'card', noValidate: true, ariaLabel: 'Call a route' },
      create('h3', {}, 'Call a route'),
      create(
        'div',
        { className: 'field' },
        create('label', { htmlFor: this.#route.id }, 'Route'),
        this.#route
      ),
      this.#list,
      this.#tabs,
      this.#formField,
      this.#jsonField,
      this.#problem,
      create('div', { className: 'buttons' }, this.#submit, this.#notify),
      create('p', { className: 'hint' }, 'Ctrl + Enter sends a request. A notify has no reply.')
    )
    this.#route.addEventListener('input', () => this.#adapt())
    this.element.addEventListener('submit', event => {
      event.preventDefault()
      this.#send(event.submitter === this.#notify ? notify : request)
    })
    this.element.addEventListener('keydown', event => {
      if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey) || isComposing(event)) return
      event.preventDefault()
      if (!this.#submit.disabled) this.element.requestSubmit(this.#submit)
    })
  }

  /** @param {boolean} isConnected */
  allow(isConnected) {
    this.#submit.disabled = this.#notify.disabled = !isConnected
  }

  /** @param {readonly RouteRow[]} routes */
  offer(routes) {
    this.#routes = new Map(routes.map(row => [row.route, row]))
    this.#list.replaceChildren(...routes.map(({ route }) => create('option', { value: route })))
    this.#route.placeholder = routes[0]?.route ?? 'module.function'
    this.#adapt()
  }

  /** @param {string} route */
  choose(route) {
    this.#route.value = route
    this.#adapt()
  }

  /** Makes the form of the route that is named now. */
  #adapt() {
    const name = this.#route.value.trim()
    const schema = this.#routes.get(name)?.schema?.body?.json
    const key = JSON.stringify([name, schema])
    if (key === this.#formOf) return
    this.#formOf = key
    this.#form = createSchemaForm(schema)
    this.#tabs.hidden = this.#form === undefined
    this.#formField.replaceChildren(...(this.#form ? [this.#form.element] : []))
    this.#shown = this.#form ? 'form' : 'json'
    if (this.#form) this.#json.value = ''
    this.#draw()
  }

  /** @param {'form' | 'json'} kind */
  #show(kind) {
    if (kind === this.#shown || this.#form === undefined) return
    try {
      if (kind === 'json') this.#json.value = JSON.stringify(this.#form.read() ?? {}, null, 2)
      else this.#form.fill(this.#readJson())
    } catch (error) {
      setText(this.#problem, /** @type {Error} */ (error).message)
      return
    }
    this.#shown = kind
    this.#draw()
  }

  #draw() {
    setText(this.#problem, '')
    this.#formField.hidden = this.#shown !== 'form'
    this.#jsonField.hidden = this.#shown !== 'json'
    this.#asForm.ariaPressed = String(this.#shown === 'form')
    this.#asJson.ariaPressed = String(this.#shown === 'json')
  }

  #readJson() {
    const text = this.#json.value.trim()
    if (text === '') return undefined
    try {
      return JSON.parse(text)
    } catch (error) {
      throw new Error(`The body is not JSON: ${/** @type {Error} */ (error).message}`)
    }
  }

  /** @param {Send} send */
  #send(send) {
    const route = this.#route.value.trim()
    this.#route.ariaInvalid = String(route === '')
    this.#json.ariaInvalid = null
    if (route === '') {
      setText(this.#problem, 'Name a route, such as module.function.')
      this.#route.focus()
      return
    }
    try {
      const body = this.#shown === 'form' ? this.#form?.read() : this.#readJson()
      setText(this.#problem, '')
      send(route, body, body === undefined ? '' : JSON.stringify(body))
    } catch (error) {
      setText(this.#problem, /** @type {Error} */ (error).message)
      if (this.#shown === 'form') return
      this.#json.ariaInvalid = 'true'
      this.#json.focus()
    }
  }
}
