/** One input of a form, with its name, what it is for, and what is wrong with it. */
import type { ComponentChildren } from 'preact'
import { useId, useState } from 'preact/hooks'
import type { JsonSchema } from '../server/types'
import { words } from '../text'
import { defaultText, type FieldKind, fieldKind } from './field-kind'
import { PictureField } from './picture-field'

export interface FieldProps {
  readonly name: string
  readonly schema: JsonSchema
  readonly value: unknown
  readonly isRequired?: boolean
  readonly problem?: string | undefined
  onChange(value: unknown): void
}

/** Attributes that tie a control to its texts. */
interface ControlAttributes {
  readonly id: string
  readonly 'aria-describedby': string | undefined
  readonly 'aria-invalid': boolean
}

/** The field. */
export function Field(props: FieldProps) {
  const { name, schema, isRequired = false, problem } = props
  const id = useId()
  const kind = fieldKind(schema)
  const described = [schema.description && `${id}-hint`, problem && `${id}-problem`].filter(Boolean).join(' ')
  const attributes = { id, 'aria-describedby': described || undefined, 'aria-invalid': problem !== undefined }
  const texts = (
    <>
      {schema.description && (
        <p class="hint" id={`${id}-hint`}>
          {schema.description}
        </p>
      )}
      {problem && (
        <p class="problem" id={`${id}-problem`}>
          {problem}
        </p>
      )}
    </>
  )
  const label = words(name) + (isRequired ? ' (required)' : '')
  if (kind.kind === 'picture') {
    return (
      <fieldset class="field" aria-describedby={described || undefined}>
        <legend>{label}</legend>
        <PictureField {...props} />
        {texts}
      </fieldset>
    )
  }
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <Control {...props} kind={kind} attributes={attributes} />
      {texts}
    </div>
  )
}

function Control(
  props: FieldProps & { readonly kind: FieldKind; readonly attributes: ControlAttributes },
): ComponentChildren {
  const { name, schema, value, kind, attributes, onChange } = props
  const placeholder = defaultText(schema)
  switch (kind.kind) {
    case 'text': {
      const text = Array.isArray(value) ? value.join('\n') : String(value ?? '')
      // An empty prompt says something else than none.
      const write = (given: string) => onChange(given === '' && name !== 'prompt' ? undefined : given)
      if (!/prompt/i.test(name)) {
        return (
          <input {...attributes} value={text} placeholder={placeholder} onInput={e => write(e.currentTarget.value)} />
        )
      }
      return (
        <textarea
          {...attributes}
          rows={name === 'prompt' ? 3 : 2}
          value={text}
          onInput={e => write(e.currentTarget.value)}
        />
      )
    }
    case 'number':
      return <NumberControl {...props} number={kind.schema} placeholder={placeholder} />
    case 'boolean':
    case 'choice': {
      const values = kind.kind === 'choice' ? kind.values : [true, false]
      return (
        <select
          {...attributes}
          value={value === undefined ? '' : JSON.stringify(value)}
          onChange={e => onChange(e.currentTarget.value === '' ? undefined : JSON.parse(e.currentTarget.value))}
        >
          <option value="">{placeholder === '' ? 'Default' : `Default: ${placeholder}`}</option>
          {values.map(each => (
            <option key={JSON.stringify(each)} value={JSON.stringify(each)}>
              {String(each)}
            </option>
          ))}
        </select>
      )
    }
    default:
      return <JsonControl {...props} />
  }
}

/** Ranges that a slider is fit for. */
const WIDEST_RANGE = 100

function NumberControl({
  value,
  attributes,
  number: { type, minimum, maximum },
  placeholder,
  onChange,
}: FieldProps & { readonly attributes: ControlAttributes; readonly number: JsonSchema; readonly placeholder: string }) {
  const isWhole = type === 'integer'
  const write = (text: string) => onChange(text === '' ? undefined : Number(text))
  const hasSlider = minimum !== undefined && maximum !== undefined && maximum - minimum <= WIDEST_RANGE
  const common = { min: minimum, max: hasSlider ? maximum : undefined, step: isWhole ? 1 : hasSlider ? 0.01 : 'any' }
  const text = value === undefined ? '' : String(value)
  return (
    <div class="number">
      <input
        {...attributes}
        {...common}
        type="number"
        value={text}
        placeholder={placeholder}
        onInput={e => write(e.currentTarget.value)}
      />
      {hasSlider && (
        <input
          {...common}
          type="range"
          tabIndex={-1}
          aria-hidden="true"
          value={text === '' ? placeholder || String(minimum) : text}
          onInput={e => write(e.currentTarget.value)}
        />
      )}
    </div>
  )
}

function JsonControl({ value, attributes, onChange }: FieldProps & { readonly attributes: ControlAttributes }) {
  const [text, setText] = useState(value === undefined ? '' : JSON.stringify(value))
  const [isWrong, setWrong] = useState(false)
  const write = (given: string) => {
    setText(given)
    try {
      onChange(given.trim() === '' ? undefined : JSON.parse(given))
      setWrong(false)
    } catch {
      setWrong(true)
    }
  }
  return (
    <input
      {...attributes}
      aria-invalid={attributes['aria-invalid'] || isWrong}
      value={text}
      placeholder="JSON, e.g. [1, 2]"
      onInput={e => write(e.currentTarget.value)}
    />
  )
}
