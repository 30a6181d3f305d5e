/** Chooses a scheduler or a guider, with its settings. */
import { useId } from 'preact/hooks'
import type { ComponentChoice as Choice, Choosable, JsonValue, OfferedComponents } from '../server/types'
import { words } from '../text'
import { Field } from './field'
import { change, clearProblems, form, problemAt } from './form-state'

interface ComponentChoiceProps {
  readonly kind: Choosable
  readonly offered: OfferedComponents
}

/** The control. */
export function ComponentChoice({ kind, offered: { own, choices } }: ComponentChoiceProps) {
  const id = useId()
  const chosen = form.value.components[kind]
  const found = choices.find(({ name }) => name === chosen?.name)
  const choose = (choice: Choice | undefined) => {
    const { [kind]: _, ...others } = form.value.components
    change({ components: choice ? { ...others, [kind]: choice } : others })
    clearProblems('components', kind)
  }
  const set = (name: string, value: unknown) => {
    if (!chosen) return
    const { [name]: _, ...others } = chosen.settings ?? {}
    const settings = value === undefined ? others : { ...others, [name]: value as JsonValue }
    choose({ name: chosen.name, ...(Object.keys(settings).length > 0 && { settings }) })
  }
  const problemOf = (...place: string[]) => problemAt('components', kind, ...place)
  const problem = problemOf()
  return (
    <div class="choice">
      <div class="field">
        <label for={id}>{words(kind)}</label>
        <select
          id={id}
          value={chosen?.name ?? ''}
          aria-invalid={problem !== undefined}
          aria-describedby={problem && `${id}-problem`}
          onChange={event => choose(event.currentTarget.value === '' ? undefined : { name: event.currentTarget.value })}
        >
          <option value="">The model’s own{own === null ? '' : `: ${own}`}</option>
          {choices.map(({ name }) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </select>
        {problem && (
          <p class="problem" id={`${id}-problem`}>
            {problem}
          </p>
        )}
      </div>
      {found && (
        <details>
          <summary>Settings of {found.className}</summary>
          {Object.entries(found.settings.properties ?? {}).map(([name, schema]) => (
            <Field
              key={`${found.name} ${name}`}
              name={name}
              schema={schema}
              value={chosen?.settings?.[name]}
              problem={problemOf('settings', name)}
              onChange={value => set(name, value)}
            />
          ))}
        </details>
      )}
    </div>
  )
}
