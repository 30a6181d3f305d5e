/** A loop: its `run()` says how often and over what, its parts are what each iteration does. Counterpart: diffusers modular_pipelines/modular_pipeline.py. */

import type { ModularError } from '../errors/modular-error'
import { NotImplementedError } from '../errors/not-implemented-error'
import { PipelineAbortError } from '../errors/pipeline-abort-error'
import { classNameOf } from '../format/class-name'
import type { ComponentSpec } from '../params/component-spec'
import type { ConfigSpec } from '../params/config-spec'
import type { InputParam } from '../params/input-param'
import type { OutputParam } from '../params/output-param'
import { type BoundView, bindView, LOOP } from '../runtime/bound-view'
import { type Components, RUN } from '../runtime/components'
import type { IterationVariables } from '../runtime/iteration-variables'
import { LoopExecution } from '../runtime/loop-execution'
import { after, always, type MaybePromise, orFail } from '../runtime/maybe-promise'
import { checkShapes } from '../runtime/shape-binding'
import type { ViewNames } from '../runtime/view-names'
import type { BlockState } from '../state/block-state'
import type { PipelineState } from '../state/pipeline-state'
import type { LoopNode } from '../wiring/block-node'
import { alwaysWrites, isComposite, mayBeSkipped, neededNames } from '../wiring/blocks'
import { addDistinct, markRequired } from '../wiring/combine'
import { CompositeBlocks } from './composite-blocks'

/** Options of `loopStep()`. */
export interface LoopStepCallOptions {
  /** How many iterations there will be, for those who watch the progress. */
  total?: number
}

/** The body of a loop. */
type LoopBody = (this: object, variables: IterationVariables) => MaybePromise<void>

/**
 * A loop. Its own decorated fields are what the loop itself takes, gives and needs; `@LoopStep()` fields are its parts; `run()` iterates.
 *
 * ```ts
 * class Repeat extends LoopSequentialPipelineBlocks {
 *   @Input() numSteps!: In<number>
 *   @LoopStep() increment = Increment
 *
 *   async run() {
 *     for (let i = 0; i < this.numSteps; i++) await this.loopStep({ i }, { total: this.numSteps })
 *   }
 * }
 * ```
 * All parts of a loop work on one set of values, from the first iteration to the last. A part may be any block: a leaf with a `@LoopStep()` method,
 * a sequence, a choice, or a loop of its own, whose steps see the outer loop's iteration variables beside theirs.
 */
export class LoopSequentialPipelineBlocks extends CompositeBlocks implements LoopNode {
  static override readonly className: string = 'LoopSequentialPipelineBlocks'

  override get kind(): 'loop' {
    return 'loop'
  }

  /** What the loop itself takes. By default its `@Input` fields, and then {@link loopIntermediateInputs}. */
  get loopInputs(): readonly InputParam[] {
    const inputs = [...this.declarations.inputs.values()]
    const names = new Set(inputs.map(input => input.name))
    return [...inputs, ...this.loopIntermediateInputs.filter(input => !names.has(input.name))]
  }

  /** Further inputs of the loop itself that earlier blocks write. The same as {@link loopInputs}: an older name for some of them. */
  get loopIntermediateInputs(): readonly InputParam[] {
    return []
  }

  /** What the loop itself writes. By default its `@Output` fields. */
  get loopIntermediateOutputs(): readonly OutputParam[] {
    return [...this.declarations.outputs.values()]
  }

  /** Components that the loop itself uses. By default its `@Component` fields. */
  get loopExpectedComponents(): readonly ComponentSpec[] {
    return [...this.declarations.components.values()]
  }

  /** Settings that the loop itself reads. By default its `@Config` fields. */
  get loopExpectedConfigs(): readonly ConfigSpec[] {
    return [...this.declarations.configs.values()]
  }

  /** Names of the inputs that the loop itself requires. */
  get loopRequiredInputs(): readonly string[] {
    return this.loopInputs.flatMap(input => (input.required && input.name !== null ? [input.name] : []))
  }

  override get expectedComponents(): readonly ComponentSpec[] {
    return addDistinct([...super.expectedComponents], this.loopExpectedComponents)
  }

  override get expectedConfigs(): readonly ConfigSpec[] {
    return addDistinct([...super.expectedConfigs], this.loopExpectedConfigs)
  }

  /** The loop's own inputs, then those of its parts that no earlier part writes. Declarations that say different things all stand. */
  override get inputs(): readonly InputParam[] {
    const inputs = [...this.loopInputs]
    const produced = new Set<string | null>()
    for (const block of this.subBlocks.values()) {
      addDistinct(
        inputs,
        block.inputs.filter(input => !produced.has(input.name)),
      )
      if (!mayBeSkipped(block)) for (const name of block.intermediateOutputNames) produced.add(name)
    }
    return markRequired(inputs, new Set(this.requiredInputs))
  }

  /** Names that the loop or one of its parts requires; but not those that only a part may write which runs before. */
  override get requiredInputs(): readonly string[] {
    const required = new Set<string>()
    const perhapsWritten = new Set<string>()
    for (const block of this.subBlocks.values()) {
      const needed = isComposite(block) ? neededNames(block) : block.requiredInputs
      for (const name of needed) if (!perhapsWritten.has(name)) required.add(name)
      if (mayBeSkipped(block)) for (const name of block.intermediateOutputNames) perhapsWritten.add(name)
    }
    return [...new Set([...required, ...this.loopRequiredInputs])]
  }

  override get intermediateOutputs(): readonly OutputParam[] {
    const ofParts = super.intermediateOutputs
    const names = new Set(ofParts.map(output => output.name))
    return [...ofParts, ...this.loopIntermediateOutputs.filter(output => !names.has(output.name))]
  }

  /** What the last part writes. */
  override get outputs(): readonly OutputParam[] {
    return [...this.subBlocks.values()].at(-1)?.intermediateOutputs ?? []
  }

  override get viewNames(): ViewNames {
    const { components, configs } = this.declarations
    const fields = new Set([...components.keys(), ...configs.keys()])
    return {
      parameters: new Set([
        ...this.loopInputs.flatMap(input => input.name ?? input.kwargsType ?? []),
        ...this.loopIntermediateOutputs.map(output => output.name),
      ]),
      components: [
        ...[...components].map(([field, spec]) => [field, spec.name] as const),
        ...[...configs.keys()].map(field => [field, field] as const),
        ...[...this.loopExpectedComponents, ...this.loopExpectedConfigs]
          .filter(({ name }) => !fields.has(name))
          .map(({ name }) => [name, name] as const),
      ],
    }
  }

  override call(components: Components, state: PipelineState): MaybePromise<void> {
    const run = components[RUN]
    const blockState = this.getBlockState(state)
    const resumed = run.resumption?.takeLoop()
    for (const name of resumed?.names ?? []) blockState[name] = state.get(name)
    checkShapes(run, this.inputs, blockState)
    run.lifetimes.addRoot(() => Object.entries(blockState))
    return always(
      () =>
        orFail(
          () =>
            after(this.runLoop(components, blockState, {}, resumed?.step), () => {
              checkShapes(run, this.intermediateOutputs, blockState)
              this.setBlockState(state, blockState)
            }),
          error => {
            if (error instanceof PipelineAbortError) this.keepProgress(state, blockState)
            throw error
          },
        ),
      () => run.lifetimes.removeRoot(),
    )
  }

  /** A cancelled loop leaves the values of its latest iteration. */
  private keepProgress(state: PipelineState, blockState: BlockState): void {
    for (const { name, kwargsType } of [...this.intermediateOutputs, ...this.inputs]) {
      if (name !== null && name in blockState) state.set(name, blockState[name], kwargsType)
    }
  }

  /** Names of all values that a loop holds between two iterations. */
  private get progressNames(): readonly string[] {
    return [...this.intermediateOutputNames, ...this.inputNames]
  }

  override findFault(path: readonly string[], inLoop: boolean): ModularError | undefined {
    const runsByItself = !inLoop && this.call !== LoopSequentialPipelineBlocks.prototype.call
    if ('run' in this || runsByItself) return undefined
    const advice = 'iterate in it, and call "await this.loopStep({ i })" in each iteration.'
    return new NotImplementedError(classNameOf(this), 'run()', advice, path)
  }

  /** Runs the loop on values that are there already: its own, or those of the loop that it is a part of. */
  runLoop(
    components: Components,
    blockState: BlockState,
    outer: IterationVariables,
    stepsDone = 0,
  ): MaybePromise<void> {
    const body = (this as { run?: LoopBody }).run
    if (body === undefined) throw this.findFault(components[RUN].path, true)
    const view: BoundView = bindView(this, () => this.viewNames, blockState, components, true)
    const progress = { names: () => this.progressNames, stepsDone }
    const execution = new LoopExecution(components, this.subBlocks, blockState, outer, progress)
    view[LOOP] = execution
    return always(() => execution.runToEnd(() => body.call(view, outer)), components[RUN].enterLoop())
  }

  /**
   * Runs all parts once, in order. Call it from `run()`.
   *
   * @param variables the iteration variables, which each part's loop step receives by name
   * @throws BlockExecutionError with the path to the part that failed, PipelineAbortError between iterations, OverlappingLoopStepError if the step
   * before has not ended: each one must be awaited
   */
  protected loopStep(variables: IterationVariables = {}, options: LoopStepCallOptions = {}): MaybePromise<void> {
    const execution = (this as unknown as BoundView)[LOOP]
    if (!(execution instanceof LoopExecution)) {
      throw new NotImplementedError(
        classNameOf(this),
        'loopStep() outside of run()',
        'the runtime calls run(); do not call it yourself.',
      )
    }
    return execution.iterate(variables, options.total)
  }

  /** Outputs that only parts which may be skipped write need not be there. */
  protected override isOptionalOutput(name: string): boolean {
    const own = this.loopIntermediateOutputs.some(output => output.name === name)
    return !own && ![...this.subBlocks.values()].some(block => alwaysWrites(block, name))
  }
}
