/** The form: what to draw, with what, and how. */
import { useEffect, useState } from 'preact/hooks'
import { submit } from '../run/jobs'
import { choicesOf, pipelines } from '../run/pipelines'
import { connection, ServerAwayError, ServerProblem } from '../server/client'
import type { Choices, JsonSchema } from '../server/types'
import { words } from '../text'
import { ComponentChoice } from './component-choice'
import { Field } from './field'
import {
  bodyOf,
  change,
  changeInput,
  chosenPipeline,
  chosenWorkflow,
  fieldProblems,
  form,
  inputsSchema,
  problemAt,
} from './form-state'

/** Inputs that people look for first, in this order. All others are behind “More settings”. */
const FIRST: readonly string[] = [
  'prompt',
  'negativePrompt',
  'image',
  'maskImage',
  'controlImage',
  'ipAdapterImage',
  'strength',
  'numInferenceSteps',
  'guidanceScale',
  'width',
  'height',
  'numImagesPerPrompt',
]

/** Inputs that ask for results which no answer can hold. */
const LEFT_OUT: readonly string[] = ['outputType']

/** The form. */
export function RequestForm() {
  const [isSending, setSending] = useState(false)
  const [problem, setProblem] = useState('')
  const schema = inputsSchema.value
  if (schema === undefined) return <p class="quiet">Waiting for the server…</p>

  const send = async (event: Event) => {
    event.preventDefault()
    const body = bodyOf(form.value)
    if (!body || isSending) return
    setSending(true)
    setProblem('')
    fieldProblems.value = []
    try {
      await submit(body)
    } catch (error) {
      if (!(error instanceof ServerProblem || error instanceof ServerAwayError)) throw error
      setProblem(error.message)
      if (error instanceof ServerProblem) fieldProblems.value = error.fields
    } finally {
      setSending(false)
    }
  }

  return (
    <form class="request" onSubmit={send} noValidate aria-label="What to draw">
      <Where />
      <Inputs schema={schema} />
      <Components />
      <Run />
      {problem && (
        <div class="problem" role="alert">
          <p>{problem}</p>
          <ul>
            {fieldProblems.value.map(({ pointer, detail }) => (
              <li key={pointer}>
                {nameOf(pointer)}: {detail}
              </li>
            ))}
          </ul>
        </div>
      )}
      <button class="primary" type="submit" disabled={isSending || connection.value !== 'open'}>
        Draw
      </button>
    </form>
  )
}

function nameOf(pointer: string): string {
  return pointer
    .split('/')
    .slice(1)
    .filter(part => part !== 'inputs')
    .map(words)
    .join(', ')
}

function Where() {
  const all = pipelines.value ?? []
  const workflows = Object.keys(chosenPipeline.value?.workflows ?? {})
  return (
    <>
      {all.length > 1 && (
        <label class="field">
          Pipeline
          <select
            value={chosenPipeline.value?.name}
            onChange={e => change({ pipeline: e.currentTarget.value, workflow: '', components: {} })}
          >
            {all.map(({ name }) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </label>
      )}
      {workflows.length > 0 && (
        <label class="field">
          Workflow
          <select value={chosenWorkflow.value} onChange={e => change({ workflow: e.currentTarget.value })}>
            {workflows.map(name => (
              <option key={name} value={name}>
                {words(name)}
              </option>
            ))}
          </select>
        </label>
      )}
    </>
  )
}

function Inputs({ schema }: { readonly schema: JsonSchema }) {
  const [isOpen, setOpen] = useState(false)
  const properties = Object.entries(schema.properties ?? {}).filter(([name]) => !LEFT_OUT.includes(name))
  const required = schema.required ?? []
  const isFirst = ([name]: [string, JsonSchema]) => FIRST.includes(name) || required.includes(name)
  const rank = ([name]: [string, JsonSchema]) => (FIRST.includes(name) ? FIRST.indexOf(name) : FIRST.length)
  const field = ([name, each]: [string, JsonSchema]) => (
    <Field
      key={name}
      name={name}
      schema={each}
      value={form.value.inputs[name]}
      isRequired={required.includes(name)}
      problem={problemAt('inputs', name)}
      onChange={value => changeInput(name, value)}
    />
  )
  const others = properties.filter(each => !isFirst(each))
  const hasProblem = others.some(([name]) => problemAt('inputs', name) !== undefined)
  return (
    <>
      {properties
        .filter(isFirst)
        .sort((a, b) => rank(a) - rank(b))
        .map(field)}
      {others.length > 0 && (
        <details open={isOpen || hasProblem} onToggle={event => setOpen(event.currentTarget.open)}>
          <summary>More settings</summary>
          {others.map(field)}
        </details>
      )}
    </>
  )
}

function Components() {
  const [choices, setChoices] = useState<Choices>({})
  const pipeline = chosenPipeline.value?.name
  const isOpen = connection.value === 'open'
  useEffect(() => {
    if (pipeline === undefined || !isOpen) return
    let isLeft = false
    choicesOf(pipeline).then(
      found => {
        if (!isLeft) setChoices(found)
      },
      () => undefined,
    )
    return () => {
      isLeft = true
    }
  }, [pipeline, isOpen])
  return (
    <>
      {choices.scheduler && <ComponentChoice kind="scheduler" offered={choices.scheduler} />}
      {choices.guider && <ComponentChoice kind="guider" offered={choices.guider} />}
    </>
  )
}

function Run() {
  const { seed, previewEvery, keepValues } = form.value
  const problem = problemAt('seed')
  return (
    <>
      <div class="pair">
        <label class="field">
          Seed
          <input
            inputMode="numeric"
            placeholder="random"
            value={seed}
            aria-invalid={problem !== undefined}
            onInput={e => change({ seed: e.currentTarget.value.trim() })}
          />
        </label>
        <label class="field">
          Preview every … steps
          <input
            type="number"
            min={0}
            step={1}
            value={previewEvery}
            onInput={e => change({ previewEvery: Math.max(0, Math.floor(e.currentTarget.valueAsNumber || 0)) })}
          />
        </label>
      </div>
      {problem && <p class="problem">{problem}</p>}
      <label class="check">
        <input type="checkbox" checked={keepValues} onChange={e => change({ keepValues: e.currentTarget.checked })} />
        Keep values to look at
      </label>
    </>
  )
}
