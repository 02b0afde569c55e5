/**
 * A form made from the JSON Schema of a route's body.
 *
 * It knows objects, texts, numbers, yes or no, and choices. For anything else a field takes JSON. It refuses only
 * what can't be sent: whether a body fits the schema is for the gateway to say, and worth a try.
 */
import { choice, create } from '../parts/dom.js'
import { decode } from '../parts/percent.js'

/** @typedef {Record<string, any>} Schema */

/**
 * @typedef {object} SchemaField
 * @property {HTMLElement} element
 * @property {() => unknown} read the value; undefined: none is given. Throws an Error that says what is wrong
 * @property {(value: unknown) => void} fill
 */

/** How deep fieldsets are nested; what lies deeper is JSON. */
const deepest = 4

let ids = 0

/**
 * Creates a form for a body; undefined if the schema says nothing that a form could show.
 *
 * @param {unknown} schema
 * @returns {SchemaField | undefined}
 */
export function createSchemaForm(schema) {
  if (typeof schema !== 'object' || schema === null) return undefined
  const root = /** @type {Schema} */ (schema)
  const body = resolve(root, root)
  if (hasFields(body)) return createObject(root, body, '', deepest)
  const isSimple =
    Array.isArray(body['enum']) || ['string', 'number', 'integer', 'boolean'].includes(body['type'])
  return isSimple ? createField({ root, schema: body, name: 'body', isRequired: true, depth: 0 }) : undefined
}

/**
 * Follows a reference within the schema. What is no object, such as `true`, says nothing: {} is the same.
 *
 * @param {Schema} root
 * @param {unknown} schema
 * @returns {Schema}
 */
function resolve(root, schema) {
  let found = asSchema(schema)
  for (let steps = 0; typeof found['$ref'] === 'string' && steps < 10; steps++) {
    const path = found['$ref'].replace(/^#\/?/, '').split('/').filter(Boolean)
    found = asSchema(path.reduce((/** @type {any} */ at, key) => at?.[decode(key)], root))
  }
  return found
}

/** @param {Schema} schema */
function hasFields({ type, properties }) {
  return type === 'object' && Object.keys(Object(properties)).length > 0
}

/** @param {unknown} value @returns {Schema} */
function asSchema(value) {
  return typeof value === 'object' && value !== null ? /** @type {Schema} */ (value) : {}
}

/**
 * @param {Schema} root
 * @param {Schema} schema
 * @param {string} name '' for the body itself
 * @param {number} depth
 * @returns {SchemaField}
 */
function createObject(root, schema, name, depth) {
  const required = new Set(Array.isArray(schema['required']) ? schema['required'] : [])
  const fields = Object.entries(/** @type {Record<string, unknown>} */ (schema['properties'])).map(
    ([key, part]) => ({
      key,
      field: createField({
        root,
        schema: resolve(root, part),
        name: key,
        isRequired: required.has(key),
        depth
      })
    })
  )
  const parts = fields.map(({ field }) => field.element)
  const element =
    name === ''
      ? create('div', { className: 'fields' }, ...parts)
      : create('fieldset', { className: 'fields' }, create('legend', {}, create('code', {}, name)), ...parts)
  return {
    element,
    read() {
      /** @type {Record<string, unknown>} */
      const value = {}
      for (const { key, field } of fields) {
        const member = field.read()
        if (member !== undefined) value[key] = member
      }
      const isEmpty = Object.keys(value).length === 0
      return name !== '' && isEmpty ? undefined : value
    },
    fill(value) {
      const given = /** @type {Record<string, unknown>} */ (Object(value))
      for (const { key, field } of fields) field.fill(given[key])
    }
  }
}

/**
 * @param {{ root: Schema, schema: Schema, name: string, isRequired: boolean, depth: number }} part
 * @returns {SchemaField}
 */
function createField({ root, schema, name, isRequired, depth }) {
  const { type } = schema
  const values = schema['enum'] ?? ('const' in schema ? [schema['const']] : undefined)
  if (Array.isArray(values)) return label(schema, name, isRequired, createChoice(values, isRequired))
  if (hasFields(schema) && depth > 0) return createObject(root, schema, name, depth - 1)
  if (type === 'boolean') return label(schema, name, isRequired, createChoice([true, false], isRequired))
  if (type === 'string') return label(schema, name, isRequired, createText(schema))
  if (type === 'number' || type === 'integer') return label(schema, name, isRequired, createNumber(name))
  return label(schema, name, isRequired, createJson(name))
}

/**
 * @typedef {object} Control
 * @property {HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement} control
 * @property {() => unknown} read
 * @property {(value: unknown) => void} fill
 */

/**
 * @param {Schema} schema
 * @param {string} name
 * @param {boolean} isRequired
 * @param {Control} control
 * @returns {SchemaField}
 */
function label(schema, name, isRequired, { control, read, fill }) {
  control.id = `schema-${++ids}`
  const hint = create('span', { className: 'hint', id: `${control.id}-hint` }, describe(schema))
  control.setAttribute('aria-describedby', hint.id)
  control.ariaRequired = String(isRequired)
  const note = create('span', { className: 'faint' }, isRequired ? '' : ' optional')
  const element = create(
    'div',
    { className: 'field' },
    create('label', { htmlFor: control.id }, create('code', {}, name), note),
    control,
    hint
  )
  if (schema['default'] !== undefined) fill(schema['default'])
  return {
    element,
    fill,
    read() {
      try {
        const value = read()
        control.ariaInvalid = null
        return value
      } catch (error) {
        control.ariaInvalid = 'true'
        control.focus()
        throw error
      }
    }
  }
}

/** Says in words what a value must be. @param {Schema} schema */
function describe(schema) {
  const parts = []
  if (typeof schema['description'] === 'string') parts.push(schema['description'])
  const { type } = schema
  if (!('enum' in schema) && !('const' in schema)) parts.push(typeNames[type] ?? '')
  const [least, most] = [
    schema['minimum'] ?? schema['exclusiveMinimum'],
    schema['maximum'] ?? schema['exclusiveMaximum']
  ]
  if (least !== undefined && Math.abs(least) < Number.MAX_SAFE_INTEGER)
    parts.push(`${'minimum' in schema ? 'at least' : 'more than'} ${least}`)
  if (most !== undefined && Math.abs(most) < Number.MAX_SAFE_INTEGER)
    parts.push(`${'maximum' in schema ? 'at most' : 'less than'} ${most}`)
  if (schema['minLength'] > 0) parts.push(`at least ${schema['minLength']} characters`)
  if (schema['maxLength'] !== undefined) parts.push(`at most ${schema['maxLength']} characters`)
  if (schema['format'] !== undefined) parts.push(`format ${schema['format']}`)
  return parts.filter(Boolean).join(', ')
}

/** What a value of each type is called. @type {Record<string, string>} */
const typeNames = {
  string: 'a text',
  number: 'a number',
  integer: 'a whole number',
  array: 'a list',
  object: 'an object'
}

/** @param {readonly unknown[]} values @param {boolean} isRequired @returns {Control} */
function createChoice(values, isRequired) {
  const control = choice(values.map((value, index) => /** @type {const} */ ([String(index), shown(value)])))
  if (!isRequired) control.prepend(create('option', { value: '' }, '–'))
  control.selectedIndex = 0
  return {
    control,
    read: () => (control.value === '' ? undefined : values[Number(control.value)]),
    fill(value) {
      const index = values.indexOf(value)
      control.value = index === -1 ? (isRequired ? '0' : '') : String(index)
    }
  }
}

/** @param {unknown} value */
function shown(value) {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/** @param {Schema} schema @returns {Control} */
function createText(schema) {
  const isLong = schema['maxLength'] > 200
  const control = isLong ? create('textarea', { rows: 3 }) : create('input', { autocomplete: 'off' })
  control.spellcheck = false
  return {
    control,
    read: () => (control.value === '' ? undefined : control.value),
    fill(value) {
      control.value = typeof value === 'string' ? value : ''
    }
  }
}

/** @param {string} name @returns {Control} */
function createNumber(name) {
  const control = create('input', { inputMode: 'decimal', autocomplete: 'off' })
  return {
    control,
    read() {
      const text = control.value.trim()
      if (text === '') return undefined
      const value = Number(text)
      if (!Number.isFinite(value)) throw new Error(`${name} is not a number: ${text}`)
      return value
    },
    fill(value) {
      control.value = value === undefined || value === null ? '' : String(value)
    }
  }
}

/** @param {string} name @returns {Control} */
function createJson(name) {
  const control = create('textarea', { rows: 2, spellcheck: false, placeholder: 'JSON' })
  return {
    control,
    read() {
      const text = control.value.trim()
      if (text === '') return undefined
      try {
        return JSON.parse(text)
      } catch (error) {
        throw new Error(`${name} is not JSON: ${/** @type {Error} */ (error).message}`)
      }
    },
    fill(value) {
      control.value = value === undefined ? '' : JSON.stringify(value)
    }
  }
}
