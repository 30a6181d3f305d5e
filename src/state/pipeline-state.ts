/** The one bag of values that all blocks of a run share. Counterpart: diffusers modular_pipelines/modular_pipeline.py. */

import { printableName } from '../errors/printable'
import { UnknownValueError } from '../errors/unknown-value-error'
import { isAbsent } from '../params/schema'
import { pathOf } from '../platform/paths'
import { disposeAll } from '../runtime/resources'
import { copyValue } from './copy-value'
import { formatValue } from './format-value'
import type { ResumePoint } from './resume-point'
import { loadState, saveState } from './state-file'

/** What {@link PipelineState.toObject} gives. */
export interface PipelineStateObject {
  /** Values by name. */
  values: Record<string, unknown>
  /** Group → names tagged with it, in the order of tagging. */
  kwargsMapping: Record<string, string[]>
}

/** Values and groups that are printed: more than any pipeline has. */
const MOST_LINES = 500

/** Names with their values, and which of the names belong to which group. `undefined` and `null` both mean "absent". */
export class PipelineState {
  /** Values by name. */
  readonly values = new Map<string, unknown>()
  /** Group → names tagged with it. Setting a tagged name again appends it again; a value never loses a tag. */
  readonly kwargsMapping = new Map<string, string[]>()
  /** Where a run can continue with this state; only in that of a run that was cancelled with `keepStateOnAbort`. */
  resumePoint: ResumePoint | undefined

  /** Writes a value; with `kwargsType`, also tags its name with that group. */
  set(name: string, value: unknown, kwargsType?: string): void {
    this.values.set(name, value ?? undefined)
    if (kwargsType === undefined) return
    const names = this.kwargsMapping.get(kwargsType)
    if (names) names.push(name)
    else this.kwargsMapping.set(kwargsType, [name])
  }

  /** The value of a name, or the default if none exists. */
  get<T = unknown>(name: string, defaultValue?: T): T
  /** The values of several names; those that are not there get the default. */
  get<T = unknown>(names: readonly string[], defaultValue?: T): Record<string, T>
  get(names: string | readonly string[], defaultValue?: unknown): unknown {
    if (typeof names === 'string') return this.values.has(names) ? this.values.get(names) : defaultValue
    return Object.fromEntries(names.map(name => [name, this.get(name, defaultValue)]))
  }

  /** The value of a name that must be there.
   * @throws UnknownValueError naming the closest name that exists. */
  at<T = unknown>(name: string): T {
    if (!this.values.has(name)) throw new UnknownValueError('PipelineState', name, [...this.values.keys()])
    return this.values.get(name) as T
  }

  /** Whether a value other than "absent" is there. */
  has(name: string): boolean {
    return !isAbsent(this.values.get(name))
  }

  /** Current values of all names tagged with a group; empty for an unknown group. */
  getByKwargs(kwargsType: string): Record<string, unknown> {
    return this.get([...new Set(this.kwargsMapping.get(kwargsType))])
  }

  /** A shallow copy as plain objects. */
  toObject(): PipelineStateObject {
    return {
      values: Object.fromEntries(this.values),
      kwargsMapping: Object.fromEntries([...this.kwargsMapping].map(([group, names]) => [group, [...names]])),
    }
  }

  /** A state of its own: containers and generators are copied, so that changes of one are not seen in the other; tensors are shared. */
  clone(): PipelineState {
    const copy = new PipelineState()
    const copies = new Map<object, unknown>()
    for (const [name, value] of this.values) copy.values.set(name, copyValue(value, copies))
    for (const [group, names] of this.kwargsMapping) copy.kwargsMapping.set(group, [...names])
    copy.resumePoint = this.resumePoint
    return copy
  }

  /**
   * Writes the state into one safetensors file, as a whole or not at all: tensors as tensors, everything else as JSON in its metadata. Another process reads
   * it by {@link load}.
   *
   * @throws UnsavableValueError naming the value that is of no kind that can be saved; UnwritableFileError
   */
  async save(file: string | URL): Promise<void> {
    return saveState(pathOf(file, 'file'), {
      values: this.values,
      kwargsMapping: this.kwargsMapping,
      resumePoint: this.resumePoint,
    })
  }

  /**
   * Reads a state that {@link save} has written. Its tensors belong to the caller, who gives them back by {@link dispose}.
   *
   * @throws InvalidStateFileError for a file that holds no state; what reading the file throws
   */
  static async load(file: string | URL): Promise<PipelineState> {
    const { values, kwargsMapping, resumePoint } = await loadState(pathOf(file, 'file'))
    const state = new PipelineState()
    for (const [name, value] of values) state.values.set(name, value)
    for (const [group, names] of kwargsMapping) state.kwargsMapping.set(group, [...names])
    state.resumePoint = resumePoint
    return state
  }

  /** Disposes all tensors and other resources that the state holds. */
  dispose(): void {
    disposeAll([this.values, this.resumePoint])
  }

  toString(): string {
    const values = firstLines(this.values, formatValue)
    const groups = firstLines(
      this.kwargsMapping,
      names =>
        `[${names
          .slice(0, MOST_LINES)
          .map(name => printableName(name))
          .join(', ')}]`,
    )
    return `PipelineState(\n  values={\n${values}  }\n  kwargsMapping={\n${groups}  }\n)`
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.toString()
  }
}

/** Whether a value is the state of a pipeline, also one of another copy of this package; not the values of a block. */
export function isPipelineState(value: object): value is PipelineState {
  const { values, kwargsMapping } = value as Partial<PipelineState>
  return values instanceof Map && kwargsMapping instanceof Map
}

/** The first entries, one a line, and how many there are beside them. */
function firstLines<V>(entries: ReadonlyMap<string, V>, format: (value: V) => string): string {
  const shown = [...entries]
    .slice(0, MOST_LINES)
    .map(([name, value]) => `    ${printableName(name)}: ${format(value)}\n`)
  return shown.join('') + (entries.size > MOST_LINES ? `    … ${entries.size - MOST_LINES} more\n` : '')
}
