/** One call of a pipeline, from its arguments to its result. Counterpart: ModularPipeline.__call__ of diffusers. */
import { type GivenKind, InputTypeError } from '../errors/input-type-error'
import { InvalidOutputError } from '../errors/invalid-output-error'
import { nearestName } from '../errors/nearest-name'
import { PipelineAbortError } from '../errors/pipeline-abort-error'
import { PipelineValidationError } from '../errors/pipeline-validation-error'
import { classNameOf } from '../format/class-name'
import type { InputParam } from '../params/input-param'
import { isAbsent } from '../params/schema'
import { isSeed, VALID_SEED } from '../params/seed'
import { activeRun, withActiveRun } from '../runtime/active-run'
import { checkCost } from '../runtime/check-cost'
import type { ComponentSource } from '../runtime/component-source'
import { makeComponents } from '../runtime/components'
import { type EstimatedBlock, estimateCosts } from '../runtime/estimate-costs'
import { executeBlock } from '../runtime/execute'
import { Resumption } from '../runtime/resumption'
import { Run } from '../runtime/run'
import { requireCheckpoints } from '../runtime/run-checkpoints'
import { type CheckedLimits, effectiveLimits } from '../runtime/run-limits'
import { withTimeout } from '../runtime/run-timeout'
import { isPipelineState } from '../state/pipeline-state'
import { OngoingActivity } from '../telemetry/ongoing-activity'
import { checkCall } from '../wiring/check-call'
import { type FilledState, fillState, unknownInputMessage } from './fill-state'
import type { PipelineBlocks } from './pipeline-blocks'
import type { CallOptions, PipelineInputs } from './pipeline-call'
import { unknownOptionMessages, unusedInputMessages } from './unused-arguments'

/** The pipeline that is called. */
export interface CalledPipeline {
  readonly tree: PipelineBlocks
  /** What the tree takes. */
  readonly inputs: readonly InputParam[]
  /** Components and settings, with the accessors that all runs share. */
  readonly values: ComponentSource & { readonly prototype: object }
  /** What this pipeline limits, without the limits of the process. */
  readonly limits: CheckedLimits
}

/**
 * Runs the blocks of a pipeline.
 *
 * @throws InputTypeError, InvalidOutputError for arguments that no call could work with; PipelineValidationError before the first block, with all that
 * is wrong with the call; BlockExecutionError for what a block throws; PipelineAbortError when the signal fires
 */
export async function callPipeline(
  pipeline: CalledPipeline,
  inputs: PipelineInputs,
  options: CallOptions,
): Promise<unknown> {
  checkArguments(inputs, options)
  const { tree, values } = pipeline
  const outer = activeRun()
  const resumption = options.resume ? Resumption.of(options.state) : undefined
  const filled = fillState(pipeline.inputs, inputs, options.state)
  // It is that of another run: this one keeps its own.
  filled.state.resumePoint = undefined
  const { onEvent, seed, checkNumerics, keepStateOnAbort, checkpoints } = options
  const limits = effectiveLimits(pipeline.limits)
  const { signal, release } = withTimeout(options.signal, limits.timeout)
  const { state } = filled
  const toKeep = { keepStateOnAbort, checkpoints }
  const activity = OngoingActivity.begin('run', classNameOf(tree))
  const run = new Run({ signal, onEvent, seed, checkNumerics, ...toKeep, resumption, state, source: values, activity })
  const work = async () => {
    const start = performance.now()
    try {
      run.emit({ type: 'runStart', block: classNameOf(tree) })
      for (const name of filled.ignored) run.warn('UNKNOWN_INPUT', unknownInputMessage(name, pipeline.inputs))
      for (const message of unknownOptionMessages(options)) run.warn('UNKNOWN_OPTION', message)
      warnOfUnknownOutputs(run, tree, options.output)
      await run.yieldToEventLoop()
      const components = makeComponents(values.prototype, run)
      const blocks = await checkRun(run, pipeline, filled)
      // A run that continues has used its inputs before.
      const running = resumption ? [tree] : blocks.map(({ block }) => block)
      const used = { given: filled.given, state: run.state, running }
      for (const message of unusedInputMessages(tree, used)) run.warn('UNUSED_INPUT', message)
      const { costs, plan } = await estimateCosts(blocks, components, run.state)
      const issues = checkCost(costs, limits)
      if (issues.length > 0) throw new PipelineValidationError(issues)
      run.foresee({ plan, blocks, components })
      await executeBlock(components, run.state, undefined, tree)
      run.resumption?.requireOver()
      run.throwListenerFailure()
      const duration = performance.now() - start
      activity?.end()
      run.emit({ type: 'runEnd', duration })
      const result = options.output === undefined ? run.state : run.state.get(options.output as string)
      const returned = run.close(options.output === undefined ? run.state.values : result)
      for (const resource of returned) outer?.track(resource)
      return result
    } catch (error) {
      run.markForeign(error)
      const isKept = error instanceof PipelineAbortError && options.keepStateOnAbort
      if (isKept) run.rewind()
      run.close(isKept ? [run.state.values, run.state.resumePoint] : undefined)
      activity?.end(error)
      throw error
    } finally {
      release()
    }
  }
  return withActiveRun(run, () => (activity ? activity.within(work) : work()))
}

/** Checks a call before its first block, and waits for components that a factory has promised. Returns the leaves and loops that run, or may run. */
async function checkRun(
  run: Run,
  { tree, inputs }: CalledPipeline,
  { given, ignored }: FilledState,
): Promise<EstimatedBlock[]> {
  const blocks: EstimatedBlock[] = []
  const issues = await checkCall(tree, {
    inputs,
    state: run.state,
    given,
    ignored,
    startAt: run.resumption?.point.path,
    checkComponent: (spec, path) => run.components.check(spec, path),
    certain: (block, path) => blocks.push({ block, path, certain: true }),
    postpone: ({ block, path, components, problems }) => {
      blocks.push({ block, path, certain: false })
      run.components.postpone(block, components, problems)
    },
  })
  if (issues.length > 0) throw new PipelineValidationError(issues)
  return blocks
}

/** A name that no block writes and that is not there yet will be absent from the result. */
function warnOfUnknownOutputs(run: Run, tree: PipelineBlocks, output: CallOptions['output']): void {
  const known = [...run.state.values.keys(), ...tree.intermediateOutputNames]
  for (const name of [output ?? []].flat()) {
    if (known.includes(name)) continue
    const nearest = nearestName(name, known)
    const hint = nearest ? ` Did you mean "${nearest}"?` : ''
    run.warn('UNKNOWN_OUTPUT', `No block of this pipeline writes the requested output "${name}".${hint}`)
  }
}

/** Refuses arguments that no call could work with, before anything runs.
 * @throws InputTypeError, InvalidOutputError */
export function checkArguments(inputs: PipelineInputs, options: CallOptions): void {
  const refuse = (input: string, expected: string, value: unknown, kind: GivenKind = 'option') =>
    new InputTypeError({ path: [], input, kind, expected, value })
  const isObject = typeof options === 'object' && options !== null
  if (!isObject || Array.isArray(options)) {
    throw refuse('options', 'they are an object: pipe(inputs, { output: … })', options, 'argument')
  }
  if (isPipelineState(options)) {
    throw refuse('options', 'a state is passed by name: pipe({}, { state })', options, 'argument')
  }
  if (isSignal(options)) {
    throw refuse('options', 'a signal is passed by name: pipe(inputs, { signal })', options, 'argument')
  }
  const { output, seed, checkpoints, onEvent, signal, state } = options
  const isName = typeof output === 'string' || (Array.isArray(output) && output.every(name => typeof name === 'string'))
  if (output !== undefined && !isName) throw new InvalidOutputError(output)
  if (typeof inputs !== 'object' || inputs === null || Array.isArray(inputs)) {
    throw refuse('inputs', 'the inputs are passed by name, as one object: pipe({ prompt: … })', inputs, 'argument')
  }
  if (isPipelineState(inputs)) {
    throw refuse('inputs', 'a state is passed as an option: pipe({}, { state })', inputs, 'argument')
  }
  if (!isAbsent(state) && !(typeof state === 'object' && isPipelineState(state))) {
    throw refuse('state', 'it must be a PipelineState, as a run returns it or PipelineState.load()', state)
  }
  if (!isAbsent(onEvent) && typeof onEvent !== 'function') throw refuse('onEvent', 'it must be a function', onEvent)
  if (!isAbsent(signal) && !isSignal(signal)) {
    throw refuse('signal', 'it must be an AbortSignal, such as controller.signal', signal)
  }
  if (checkpoints !== undefined) requireCheckpoints(checkpoints)
  if (seed !== undefined && !isSeed(seed)) {
    const expected = `it must be ${VALID_SEED}, as a bigint beyond ±${Number.MAX_SAFE_INTEGER}`
    throw refuse('seed', expected, seed)
  }
}

/** Whether an object is a signal, also one of another realm. */
function isSignal(value: object): boolean {
  return typeof (value as Partial<AbortSignal>).aborted === 'boolean'
}
