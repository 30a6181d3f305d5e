/** Takes the values of a block out of the state of a run, and puts back what the block made of them. */
import { MissingInputError } from '../errors/missing-input-error'
import { MissingOutputError } from '../errors/missing-output-error'
import type { InputParam } from '../params/input-param'
import type { OutputParam } from '../params/output-param'
import { isAbsent, shapeOf } from '../params/schema'
import { BlockState } from '../state/block-state'
import { copyValue } from '../state/copy-value'
import { isPipelineState, type PipelineState } from '../state/pipeline-state'
import { activeRun } from './active-run'
import { Run } from './run'
import { checkShapes } from './shape-binding'

/**
 * Returns the values that a block takes, with defaults for those that are absent. Inside a loop, these are the values of the loop.
 *
 * @throws MissingInputError for a required one that is absent, ShapeMismatchError
 */
export function readBlockState(inputs: readonly InputParam[], state: PipelineState | BlockState): BlockState {
  if (!isPipelineState(state)) return state
  const values: Record<string, unknown> = {}
  for (const { name, kwargsType, default: fallback, required, typeHint } of inputs) {
    if (name !== null) {
      const value = state.values.get(name) ?? copyValue(fallback)
      if (required && value === undefined) {
        const path = activeRun()?.path ?? []
        const available = [...state.values.keys()].filter(key => state.has(key))
        throw new MissingInputError({ path, input: name, type: typeHint, available })
      }
      if (value !== undefined || !(name in values)) values[name] = value
    } else if (kwargsType !== undefined) {
      const members = Object.entries(state.getByKwargs(kwargsType)).filter(([, value]) => !isAbsent(value))
      const group = Object.fromEntries(members)
      Object.assign(values, group, { [kwargsType]: { ...(values[kwargsType] as object | undefined), ...group } })
    }
  }
  const blockState = new BlockState(values)
  checkShapesInRun(inputs, blockState)
  return blockState
}

/** What a block writes. */
export interface WrittenParams {
  readonly inputs: readonly InputParam[]
  readonly outputs: readonly OutputParam[]
  /** Whether an output may be left out. */
  isOptional(output: string): boolean
}

/**
 * Writes what a block made into the state: all outputs, and those inputs that the block replaced.
 *
 * @throws MissingOutputError for an output that was not written, ShapeMismatchError
 */
export function writeBlockState(
  { inputs, outputs, isOptional }: WrittenParams,
  state: PipelineState | BlockState,
  blockState: BlockState,
): void {
  if (!isPipelineState(state)) {
    // The values of the loop are the state that its blocks share.
    if (state !== blockState) Object.assign(state, blockState)
    return
  }
  const replaced = replacedInputs(inputs, outputs, state, blockState)
  releaseReplaced([...outputs, ...replaced], state, blockState)
  checkShapesInRun([...outputs, ...replaced], blockState)
  for (const { name, kwargsType } of outputs) {
    if (!(name in blockState)) {
      if (isOptional(name)) continue
      throw new MissingOutputError(activeRun()?.path ?? [], name)
    }
    state.set(name, blockState[name], kwargsType)
  }
  for (const { name, kwargsType } of inputs) {
    const names = name !== null ? [name] : new Set(state.kwargsMapping.get(kwargsType as string))
    for (const member of names) {
      if (member in blockState && (blockState[member] ?? undefined) !== state.values.get(member)) {
        state.set(member, blockState[member], kwargsType)
      }
    }
  }
}

/** Inputs that the block wrote although it declares no output of their name. */
function replacedInputs(
  inputs: readonly InputParam[],
  outputs: readonly OutputParam[],
  state: PipelineState,
  blockState: BlockState,
): InputParam[] {
  const written = new Set<string | null>(outputs.map(({ name }) => name))
  return inputs.filter(({ name }) => !written.has(name) && isReplaced(name, state, blockState))
}

/** What was not written stays in the state, with its sizes. */
function isReplaced(name: string | null, state: PipelineState, blockState: BlockState): name is string {
  return name !== null && name in blockState && (blockState[name] ?? undefined) !== state.values.get(name)
}

/** The sizes of values that the block replaces no longer hold. */
function releaseReplaced(
  params: readonly (InputParam | OutputParam)[],
  state: PipelineState,
  blockState: BlockState,
): void {
  const run = activeRun()
  if (!(run instanceof Run)) return
  for (const { name, schema } of params) {
    if (isReplaced(name, state, blockState)) run.shapes.release(name, schema && shapeOf(schema))
  }
}

/** Blocks that are called outside of a run have no sizes to compare with. */
function checkShapesInRun(params: Parameters<typeof checkShapes>[1], values: BlockState): void {
  const run = activeRun()
  if (run instanceof Run) checkShapes(run, params, values)
}
