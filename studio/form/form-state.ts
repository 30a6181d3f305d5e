/** What the form holds. All but pictures is remembered over a reload. */
import { computed, effect, signal } from '@preact/signals'
import { pipelines, schemasOf } from '../run/pipelines'
import { type FieldProblem, prefix } from '../server/client'
import type { ChosenComponents, Job, JobBody } from '../server/types'
import { keep, recall } from '../storage'

/** The form. */
export interface FormState {
  readonly pipeline: string
  /** Empty: the inputs choose. */
  readonly workflow: string
  readonly inputs: Readonly<Record<string, unknown>>
  /** Empty: a random one. */
  readonly seed: string
  /** Steps between previews; 0 for none. */
  readonly previewEvery: number
  readonly keepValues: boolean
  readonly components: ChosenComponents
}

const KEPT = `tesserae.form${prefix}`

/** Characters of an input that is remembered: pictures are longer. */
const LONGEST_KEPT = 5000

const empty: FormState = {
  pipeline: '',
  workflow: '',
  inputs: {},
  seed: '',
  previewEvery: 5,
  keepValues: true,
  components: {},
}

/** The form. */
export const form = signal<FormState>(recallForm())

/** What was remembered, as far as it has the form of today. */
function recallForm(): FormState {
  const kept = recall(KEPT)
  if (typeof kept !== 'object' || kept === null) return empty
  const fits = ([name, value]: [string, unknown]) =>
    typeof value === typeof empty[name as keyof FormState] && value !== null
  return { ...empty, ...Object.fromEntries(Object.entries(kept).filter(fits)) }
}

/** What the server found wrong with the form. */
export const fieldProblems = signal<readonly FieldProblem[]>([])

effect(() => {
  const { inputs, ...others } = form.value
  const short = Object.entries(inputs).filter(([, value]) => (JSON.stringify(value) ?? '').length <= LONGEST_KEPT)
  keep(KEPT, { ...others, inputs: Object.fromEntries(short) })
})

/** The pipeline of the form; the first one for a name that the server does not know. */
export const chosenPipeline = computed(() => {
  const all = pipelines.value ?? []
  return all.find(({ name }) => name === form.value.pipeline) ?? all[0]
})

/** The workflow of the form; the first one at the beginning, and empty where the pipeline has none. */
export const chosenWorkflow = computed(() => {
  const names = Object.keys(chosenPipeline.value?.workflows ?? {})
  return names.includes(form.value.workflow) ? form.value.workflow : (names[0] ?? '')
})

/** The inputs of the workflow. */
export const inputsSchema = computed(() =>
  chosenPipeline.value === undefined ? undefined : schemasOf(chosenPipeline.value, chosenWorkflow.value).inputs,
)

/** Changes the form. */
export function change(changes: Partial<FormState>): void {
  form.value = { ...form.value, ...changes }
}

/** Changes one input; `undefined` leaves it to its default. */
export function changeInput(name: string, value: unknown): void {
  const { [name]: _, ...others } = form.value.inputs
  change({ inputs: value === undefined ? others : { ...others, [name]: value } })
  clearProblems('inputs', name)
}

/** What is wrong with a field, or in it. */
export function problemAt(...place: string[]): string | undefined {
  return fieldProblems.value.find(({ pointer }) => isPointerTo(pointer, place))?.detail
}

/** Forgets what was wrong with a field that changes. */
export function clearProblems(...place: string[]): void {
  fieldProblems.value = fieldProblems.value.filter(({ pointer }) => !isPointerTo(pointer, place))
}

/** Whether a pointer is to a field, or into it. */
function isPointerTo(pointer: string, place: readonly string[]): boolean {
  const own = `#/${place.join('/')}`
  return pointer === own || pointer.startsWith(`${own}/`)
}

/** The request that the form makes: inputs that the workflow does not have stay in the form. */
export function bodyOf({ inputs, seed, previewEvery, keepValues, components }: FormState): JobBody | undefined {
  const pipeline = chosenPipeline.value
  if (pipeline === undefined) return undefined
  const known = inputsSchema.value?.properties ?? {}
  const given = Object.entries(inputs).filter(([name]) => Object.hasOwn(known, name))
  return {
    pipeline: pipeline.name,
    ...(chosenWorkflow.value !== '' && { workflow: chosenWorkflow.value }),
    inputs: Object.fromEntries(given),
    ...(seed !== '' && { seed }),
    ...(previewEvery > 0 && { previewEvery }),
    ...(Object.keys(components).length > 0 && { components }),
    keepValues,
  }
}

/** Fills the form with what a job was asked for with. */
export function fillFrom(job: Job, inputs: Readonly<Record<string, unknown>>): void {
  const { pipeline, workflow = '', seed, components = {} } = job
  fieldProblems.value = []
  change({ pipeline, workflow, inputs, seed: String(seed), components })
}

/** Puts a picture into the form, with a workflow that takes it. */
export function usePicture(picture: string): void {
  const workflows = Object.entries(chosenPipeline.value?.workflows ?? {})
  const takes = (schema: { properties?: object } | undefined) => Object.hasOwn(schema?.properties ?? {}, 'image')
  const fitting = takes(inputsSchema.value) ? undefined : workflows.find(([, { inputs }]) => takes(inputs))?.[0]
  change({ inputs: { ...form.value.inputs, image: picture }, ...(fitting !== undefined && { workflow: fitting }) })
}
