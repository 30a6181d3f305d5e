/** A loop: its `run()` says how often and over what, its parts are what each iteration does. Counterpart: diffusers modular_pipelines/modular_pipeline.py. */
import { getDeclarations, listOf } from '../decorators/declarations'
import type { ModularError } from '../errors/modular-error'
import { NotImplementedError } from '../errors/not-implemented-error'
import { classNameOf } from '../format/class-name'
import type { Decorated } from '../params/brands'
import type { ComponentSpec } from '../params/component-spec'
import type { ConfigSpec } from '../params/config-spec'
import type { InputParam } from '../params/input-param'
import type { OutputParam } from '../params/output-param'
import { type BoundView, bindView, LOOP } from '../runtime/bound-view'
import type { CallResult } from '../runtime/call-result'
import { type Components, isComponents, RUN } from '../runtime/components'
import type { IterationVariables } from '../runtime/iteration-variables'
import { LoopCall } from '../runtime/loop-call'
import { LoopExecution } from '../runtime/loop-execution'
import { after, type MaybePromise } from '../runtime/maybe-promise'
import { withoutPins } from '../runtime/pinned-state'
import type { ViewNames } from '../runtime/view-names'
import type { BlockState } from '../state/block-state'
import type { PipelineState } from '../state/pipeline-state'
import type { LoopNode } from '../wiring/block-node'
import { alwaysWrites, isComposite, mayBeSkipped, neededNames, ownInputs } from '../wiring/blocks'
import { addComponents, addDistinct, markRequired, treatAfterLoad } from '../wiring/combine'
import { CompositeBlocks } from './composite-blocks'
import { defineReplaceable } from './replaceable'

/** Options of `loopStep()`. */
export interface LoopStepCallOptions {
  /** How many iterations there will be, for those who watch the progress. */
  total?: number
}

/** The body of a loop. */
type LoopBody = (this: object, variables: IterationVariables) => MaybePromise<void>

/** What the loop itself declares, beside its parts. A subclass may state each by a getter or by a field; by default they follow from its decorated fields. */
export interface LoopSequentialPipelineBlocks {
  /** What the loop itself takes: its `@Input` fields, and {@link loopIntermediateInputs}. */
  readonly loopInputs: Decorated<InputParam>
  /** Further inputs of the loop itself that earlier blocks write. The same as {@link loopInputs}: an older name for some of them. */
  readonly loopIntermediateInputs: Decorated<InputParam>
  /** What the loop itself writes: its `@Output` fields. */
  readonly loopIntermediateOutputs: Decorated<OutputParam>
  /** Components that the loop itself uses: its `@Component` fields. */
  readonly loopExpectedComponents: readonly ComponentSpec[]
  /** Settings that the loop itself reads: its `@Config` fields. */
  readonly loopExpectedConfigs: readonly ConfigSpec[]
}

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
 * All parts of a loop work on one set of values, from the first iteration to the last. A part may be any block: a leaf
 * with a `@LoopStep()` method, a sequence, a choice, or another loop. Steps of an inner loop also see the outer loop's
 * iteration variables.
 */
export class LoopSequentialPipelineBlocks extends CompositeBlocks implements LoopNode {
  static override readonly className: string = 'LoopSequentialPipelineBlocks'

  override get kind(): 'loop' {
    return 'loop'
  }

  /** Names of the inputs that the loop itself requires. */
  get loopRequiredInputs(): readonly string[] {
    return ownInputs(this).flatMap(input => (input.required && input.name !== null ? [input.name] : []))
  }

  override get expectedComponents(): readonly ComponentSpec[] {
    return treatAfterLoad(addComponents([...super.expectedComponents], this.loopExpectedComponents), this.afterLoad)
  }

  override get expectedConfigs(): readonly ConfigSpec[] {
    return addDistinct([...super.expectedConfigs], this.loopExpectedConfigs)
  }

  /** The loop's own inputs, then those of its parts that no earlier part writes. Declarations that say different things all stand. */
  override get inputs(): readonly InputParam[] {
    const inputs = [...ownInputs(this)]
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
        ...ownInputs(this).flatMap(input => input.name ?? input.kwargsType ?? []),
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

  /**
   * Runs the loop on the values of a state. Override it in place of `run()` to write the loop as Python does; inside another loop it receives the values
   * of that, and its iteration variables:
   *
   * ```ts
   * class Repeat extends LoopSequentialPipelineBlocks {
   *   override async call(components: Components, state: PipelineState) {
   *     const blockState = this.getBlockState<{ numSteps: number }>(state)
   *     for (let i = 0; i < blockState.numSteps; i++) await this.loopStep(components, blockState, { i })
   *     this.setBlockState(state, blockState)
   *   }
   * }
   * ```
   */
  override call(
    components: Components,
    state: PipelineState | BlockState,
    variables: IterationVariables = {},
  ): MaybePromise<CallResult> {
    const body = (this as { run?: LoopBody }).run
    if (body === undefined) throw this.findFault(components[RUN].path, false)
    const blockState = this.getBlockState(state)
    const view: BoundView = bindView(this, () => this.viewNames, withoutPins(blockState), components, true)
    const iterations = LoopCall.latest(this, components)?.iterations(blockState)
    if (iterations === undefined) throw this.outsideOfCall()
    view[LOOP] = iterations
    return after(
      iterations.runToEnd(() => body.call(view, variables)),
      () => this.setBlockState(state, blockState),
    )
  }

  override getBlockState<V = unknown>(state: PipelineState | BlockState): BlockState & V {
    const blockState = super.getBlockState(withoutPins(state))
    return (LoopCall.of(this, state)?.take(blockState) ?? blockState) as BlockState & V
  }

  override setBlockState(state: PipelineState | BlockState, blockState: BlockState): void {
    const write = (values: BlockState) => super.setBlockState(withoutPins(state), values)
    const call = LoopCall.of(this, state)
    if (call) call.give(blockState, write)
    else write(blockState)
  }

  override findFault(path: readonly string[], _inLoop: boolean): ModularError | undefined {
    if ('run' in this || this.call !== LoopSequentialPipelineBlocks.prototype.call) return undefined
    const advice = 'iterate in it, and call "await this.loopStep({ i })" in each iteration.'
    return new NotImplementedError(classNameOf(this), 'run()', advice, path)
  }

  /**
   * Runs all parts once, in order. Call it from `run()`.
   *
   * @param variables the iteration variables, which each part's loop step receives by name
   * @throws BlockExecutionError with the path to the part that failed, PipelineAbortError between iterations, OverlappingLoopStepError if the step
   * before has not ended: each one must be awaited
   */
  protected loopStep(variables?: IterationVariables, options?: LoopStepCallOptions): MaybePromise<void>
  /** Runs all parts once, in order, on the values of the loop. Call it from `call()`. Returns what it is given, as in Python. */
  protected loopStep<S extends BlockState>(
    components: Components,
    blockState: S,
    variables?: IterationVariables,
    options?: LoopStepCallOptions,
  ): MaybePromise<[components: Components, blockState: S]>
  protected loopStep(
    first: Components | IterationVariables = {},
    second: BlockState | LoopStepCallOptions = {},
    variables: IterationVariables = {},
    options: LoopStepCallOptions = {},
  ): MaybePromise<unknown> {
    if (isComponents(first)) {
      const iterations = LoopCall.latest(this, first)?.iterations(second as BlockState)
      if (iterations === undefined) throw this.outsideOfCall()
      return after(iterations.iterate(variables, options.total), () => [first, second])
    }
    const iterations = (this as unknown as BoundView)[LOOP]
    if (!(iterations instanceof LoopExecution)) throw this.outsideOfCall()
    return iterations.iterate(first, (second as LoopStepCallOptions).total)
  }

  private outsideOfCall(): NotImplementedError {
    const advice =
      'the runtime calls run(); do not call it yourself. In call(), write this.loopStep(components, blockState, { i }).'
    return new NotImplementedError(classNameOf(this), 'loopStep() outside of run()', advice)
  }

  /** Outputs that only parts which may be skipped write need not be there. */
  protected override isOptionalOutput(name: string): boolean {
    const own = this.loopIntermediateOutputs.some(output => output.name === name)
    return !own && ![...this.subBlocks.values()].some(block => alwaysWrites(block, name))
  }
}

defineReplaceable(LoopSequentialPipelineBlocks, {
  loopInputs() {
    const inputs = listOf(getDeclarations(this.constructor).inputs)
    const names = new Set(inputs.map(input => input.name))
    return [...inputs, ...this.loopIntermediateInputs.filter(input => !names.has(input.name))]
  },
  loopIntermediateInputs: () => [],
  loopIntermediateOutputs() {
    return listOf(getDeclarations(this.constructor).outputs)
  },
  loopExpectedComponents() {
    return listOf(getDeclarations(this.constructor).components)
  },
  loopExpectedConfigs() {
    return listOf(getDeclarations(this.constructor).configs)
  },
})
