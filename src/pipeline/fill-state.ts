/** The state that a run begins with: what the caller gave, and the defaults. Counterpart: ModularPipeline.__call__ of diffusers. */
import { isRunScoped } from '../container/run-scoped'
import { InputTypeError } from '../errors/input-type-error'
import { nearestName } from '../errors/nearest-name'
import { nameList } from '../errors/text'
import type { InputParam } from '../params/input-param'
import { isAbsent } from '../params/schema'
import { copyValue } from '../state/copy-value'
import { PipelineState } from '../state/pipeline-state'
import { isCallOption } from './unused-arguments'

/** What {@link fillState} gives. */
export interface FilledState {
  readonly state: PipelineState
  /** Names of the values that the caller gave. */
  readonly given: ReadonlySet<string>
  /** Names that the caller gave and that the pipeline does not take. */
  readonly ignored: readonly string[]
}

/** A value that a run changes is copied for it: two calls with one generator draw the same numbers. */
function forRun(value: unknown): unknown {
  if (isRunScoped(value)) return value.forRun({})
  return Array.isArray(value) && value.some(isRunScoped) ? value.map(forRun) : value
}

/** Puts the given values and the defaults into a state, which starts as a copy of `from`. @throws InputTypeError for a group that is not an object */
export function fillState(
  declared: readonly InputParam[],
  inputs: Readonly<Record<string, unknown>>,
  from: PipelineState | undefined,
): FilledState {
  const state = from?.clone() ?? new PipelineState()
  const left = new Map(Object.entries(inputs))
  const given = new Set<string>()
  const give = (name: string, value: unknown, kwargsType: string | undefined) => {
    state.set(name, forRun(value), kwargsType)
    if (!isAbsent(value)) given.add(name)
  }
  for (const { name, kwargsType, default: fallback } of declared) {
    const group = kwargsType === undefined ? undefined : groupOf(kwargsType, left.get(kwargsType), declared)
    if (name !== null && left.has(name)) {
      give(name, inputs[name], kwargsType)
      left.delete(name)
    } else if (group !== undefined) {
      for (const [member, value] of Object.entries(group)) give(member, value, kwargsType)
      left.delete(kwargsType as string)
    } else if (name !== null && !state.values.has(name)) {
      state.set(name, copyValue(fallback), kwargsType)
    }
  }
  return { state, given, ignored: [...left.keys()] }
}

/** Returns the values of a group that the caller passed as one object. @throws InputTypeError for anything but an object */
function groupOf(kwargsType: string, given: unknown, declared: readonly InputParam[]): object | undefined {
  if (isAbsent(given)) return undefined
  if (typeof given === 'object' && given !== null && !Array.isArray(given)) return given
  if (declared.some(({ name }) => name === kwargsType)) return undefined
  const expected = 'the values of a group are passed as one object, by their names'
  throw new InputTypeError({ path: [], input: kwargsType, expected, value: given })
}

/** What to tell a caller about an input that the pipeline does not take. */
export function unknownInputMessage(name: string, declared: readonly InputParam[]): string {
  const known = declared.flatMap(input => input.name ?? input.kwargsType ?? [])
  const nearest = nearestName(name, known)
  const elsewhere = isCallOption(name)
    ? ` It is an option: pipe(inputs, { ${name} }).`
    : ` The pipeline takes ${nameList(known)}.`
  const hint = nearest ? ` Did you mean "${nearest}"?` : elsewhere
  return `"${name}" is not an input of this pipeline and was ignored.${hint}`
}
