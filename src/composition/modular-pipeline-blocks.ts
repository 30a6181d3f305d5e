/** A block: what it takes, gives and needs, and the work it does. Counterpart: diffusers modular_pipelines/modular_pipeline.py. */

import type { CustomBlocksOptions } from '../custom-blocks/load-blocks'
import type { SaveBlocksOptions } from '../custom-blocks/save-blocks'
import { type AfterLoad, type Declarations, getDeclarations, listOf } from '../decorators/declarations'
import { type BlockDescription, describeBlock } from '../documentation/describe'
import { documentBlock } from '../documentation/doc'
import { documentAsMarkdown, type MarkdownOptions } from '../documentation/markdown'
import { printBlock } from '../documentation/print'
import { CustomCodeError } from '../errors/custom-code-error'
import { LoopBlockOutsideLoopError, MissingLoopStepError } from '../errors/loop-errors'
import type { ModularError } from '../errors/modular-error'
import { NotImplementedError } from '../errors/not-implemented-error'
import { NoWorkflowsError } from '../errors/workflow-errors'
import { classNameOf } from '../format/class-name'
import { type BlocksSchema, blocksSchema } from '../json-schema/blocks-schema'
import type { Decorated } from '../params/brands'
import type { ComponentSpec } from '../params/component-spec'
import type { ConfigSpec } from '../params/config-spec'
import type { InputParam } from '../params/input-param'
import type { OutputParam } from '../params/output-param'
import { drawMermaid } from '../picture/mermaid'
import type { PictureOptions } from '../picture/picture'
import { ModularPipeline } from '../pipeline/modular-pipeline'
import type { InitPipelineOptions } from '../pipeline/pipeline-options'
import { loadCustomBlocks, saveBlocks } from '../platform/custom-code'
import { pathOf } from '../platform/paths'
import { activeRun } from '../runtime/active-run'
import { readBlockState, writeBlockState } from '../runtime/block-values'
import { bindView } from '../runtime/bound-view'
import type { CallResult } from '../runtime/call-result'
import { type Components, RUN } from '../runtime/components'
import type { IterationVariables } from '../runtime/iteration-variables'
import { after, type MaybePromise } from '../runtime/maybe-promise'
import { Run } from '../runtime/run'
import type { RunContext } from '../runtime/run-context'
import type { RunCost, RunPlan, UpcomingCall } from '../runtime/run-cost'
import type { ViewNames } from '../runtime/view-names'
import { BlockState } from '../state/block-state'
import { type PipelineState } from '../state/pipeline-state'
import type { BlockKind, BlockNode } from '../wiring/block-node'
import { treatAfterLoad } from '../wiring/combine'
import { type Explanation, explain } from '../wiring/explain'
import { validateBlocks } from '../wiring/validate'
import { InsertableDict } from './insertable-dict'
import type { Requirements } from './join-requirements'
import { defineReplaceable } from './replaceable'

/** The body of a block: `run()`, or a loop step. */
type Body = (this: object, variables?: Readonly<Record<string, unknown>>) => MaybePromise<void>

/** What a block declares about itself. A subclass may state each by a getter or by a field. */
export interface ModularPipelineBlocks {
  /** What the block does. */
  readonly description: string
  /** Family of pipelines that the block belongs to. */
  readonly modelName: string | undefined
  /** What the block takes. */
  readonly inputs: Decorated<InputParam>
  /** What the block writes into the state. */
  readonly intermediateOutputs: Decorated<OutputParam>
  /** What the block is for, among all that it writes: shown in its documentation. */
  readonly outputs: readonly OutputParam[]
  /** What the container must supply. */
  readonly expectedComponents: readonly ComponentSpec[]
  /** Settings of the pipeline that the block reads. */
  readonly expectedConfigs: readonly ConfigSpec[]
}

/**
 * Base of all blocks, and the leaf among them. A subclass declares its parameters with decorated fields and works in
 * `run()`, where `this` is bound to the values of one run. Inside a loop, it works in a method marked with
 * `@LoopStep()`.
 *
 * A block owns no weights and no data, and a run never writes on it: one instance serves many runs at once.
 */
export abstract class ModularPipelineBlocks implements BlockNode {
  /** Name of the class in files and messages. Bundlers and minifiers may change `name`, which is used if a subclass has no `className`. */
  static readonly className: string = 'ModularPipelineBlocks'

  /**
   * Blocks from the code of a folder or a repository, which `modular_config.json` describes: a compiled module, and the class in it. Code runs with
   * all rights of this process, so it must be trusted, and what is trusted must be pinned.
   *
   * ```ts
   * const blocks = await ModularPipelineBlocks.fromPretrained('org/my-block', { trustRemoteCode: true, revision: '8f3c…' })
   * ```
   *
   * Called on a subclass, it refuses blocks that are not of that class.
   *
   * @throws UntrustedCodeError, which says what would have run and which revision that is; BlockConfigError where there are no blocks or their
   * description is malformed; InvalidRequirementsError; CustomCodeError for code that fails to load; what fetching a repository throws
   */
  static async fromPretrained<T extends ModularPipelineBlocks>(
    this: abstract new () => T,
    source: string | URL,
    options?: CustomBlocksOptions,
  ): Promise<T> {
    const place = pathOf(source, 'source')
    const found = await loadCustomBlocks(place, options)
    const blocks: object = new found()
    // biome-ignore lint/complexity/noThisInStatic: the class that this is called on is the one that is asked for.
    if (blocks instanceof this) return blocks
    // biome-ignore lint/complexity/noThisInStatic: as above.
    throw new CustomCodeError(place, `its class ${classNameOf(found)} does not extend ${classNameOf(this)}.`)
  }

  /** What kind of block this is. */
  get kind(): BlockKind {
    return 'leaf'
  }

  /** What the decorators of the class say. */
  protected get declarations(): Declarations {
    return getDeclarations(this.constructor)
  }

  /** The blocks inside, by name, in order. Empty for a leaf. */
  get subBlocks(): InsertableDict<ModularPipelineBlocks> {
    return new InsertableDict()
  }

  /** Packages that the block needs beside this one, with ranges of versions; said by `@Block({ requirements: { sharp: '>=0.33' } })`. */
  get requirements(): Requirements {
    return this.declarations.block.requirements ?? {}
  }

  /** What is done with components after a pipeline has loaded them; said by `@Block({ afterLoad: { scheduler: correctScheduler } })`. */
  get afterLoad(): AfterLoad {
    return this.declarations.block.afterLoad ?? {}
  }

  /** Names of the inputs that must have a value. */
  get requiredInputs(): readonly string[] {
    return this.inputs.flatMap(input => (input.required && input.name !== null ? [input.name] : []))
  }

  /** Names of the inputs; groups have none. */
  get inputNames(): readonly string[] {
    return this.inputs.flatMap(input => input.name ?? [])
  }

  /** Names of everything the block writes. */
  get intermediateOutputNames(): readonly string[] {
    return this.intermediateOutputs.map(output => output.name)
  }

  /** Names of the outputs. */
  get outputNames(): readonly string[] {
    return this.outputs.map(output => output.name)
  }

  /** Names of the components. */
  get componentNames(): readonly string[] {
    return this.expectedComponents.map(spec => spec.name)
  }

  /** Names of the workflows.
   * @throws NoWorkflowsError unless the block is a sequence that names them. */
  get availableWorkflows(): readonly string[] {
    throw new NoWorkflowsError(classNameOf(this))
  }

  /** Family of pipelines where no getter or field of a subclass states it. */
  protected defaultModelName(): string | undefined {
    return this.declarations.block.modelName
  }

  /** The run that the block is part of. It exists only while the block runs. */
  protected get context(): RunContext {
    const run = activeRun()
    if (run instanceof Run) return run
    throw new NotImplementedError(classNameOf(this), 'context', 'it exists only inside run() and loop steps.')
  }

  /** The names that `this` offers inside `run()` and loop steps. */
  get viewNames(): ViewNames {
    const { inputs, outputs, components, configs } = this.declarations
    return {
      parameters: new Set([
        ...inputs.keys(),
        ...outputs.keys(),
        ...inputNamesOf(this.inputs),
        ...this.intermediateOutputNames,
      ]),
      components: [
        ...[...components].map(([field, spec]) => [field, spec.name] as const),
        ...[...configs.keys()].map(field => [field, field] as const),
        ...this.componentNames.filter(name => !components.has(name)).map(name => [name, name] as const),
        ...this.expectedConfigs.filter(({ name }) => !configs.has(name)).map(({ name }) => [name, name] as const),
      ],
    }
  }

  /**
   * Estimates what the block costs in a call, before the first block of the call runs. A call that exceeds a limit (`pipe.limits`,
   * {@link setProcessLimits}) or the free memory is refused with this estimate. Implement it in a block whose work grows with its inputs. As in `run()`,
   * `this` is bound to the values of the call; a value that an earlier block will write is `undefined`.
   */
  estimateCost?(): MaybePromise<RunCost>

  /**
   * Returns the calls of models that the block will make: their memory is part of the estimate of a pipeline's call, and a block before it may prepare them
   * (`this.context.upcomingCalls()`). `this` is bound as in {@link estimateCost}, but to the values of the moment if the run has begun.
   *
   * @param plan what all blocks know of the call: images, size, tokens, widths, steps
   */
  upcomingCalls?(plan: RunPlan): MaybePromise<readonly UpcomingCall[]>

  /**
   * Runs the block on the values of a state. Blocks with a `run()` need not know of this. Override it in place of `run()` to work on the state itself,
   * as blocks in Python do:
   *
   * ```ts
   * class Increment extends ModularPipelineBlocks {
   *   override call(components: Components, state: PipelineState) {
   *     const blockState = this.getBlockState<{ x: number }>(state)
   *     blockState.x += 1
   *     this.setBlockState(state, blockState)
   *   }
   * }
   * ```
   *
   * Inside a loop, a block receives the values of the loop in place of the state, and the iteration variables:
   * `override call(components: Components, blockState: BlockState & { x: number }, { i }: { i: number })`.
   *
   * @throws MissingInputError, MissingOutputError, and whatever the block throws
   */
  call(
    components: Components,
    state: PipelineState | BlockState,
    _variables: IterationVariables = {},
  ): MaybePromise<CallResult> {
    const body = (this as { run?: Body }).run
    if (body === undefined) throw this.findFault(components[RUN].path, false)
    const blockState = this.getBlockState(state)
    const view = bindView(this, () => this.viewNames, blockState, components)
    return after(body.call(view), () => this.setBlockState(state, blockState))
  }

  /**
   * The values that the block takes, with defaults for those that are absent. Inside a loop, these are the values of the loop.
   * @throws MissingInputError for a required one that is absent, ShapeMismatchError
   */
  getBlockState<V = unknown>(state: PipelineState | BlockState): BlockState & V {
    return readBlockState(this.inputs, state) as BlockState & V
  }

  /**
   * Writes what the block made into the state: all outputs, and those inputs that the block replaced.
   * @throws MissingOutputError for an output that was not written, ShapeMismatchError
   */
  setBlockState(state: PipelineState | BlockState, blockState: BlockState): void {
    const { inputs, intermediateOutputs: outputs } = this
    writeBlockState({ inputs, outputs, isOptional: name => this.isOptionalOutput(name) }, state, blockState)
  }

  /** Whether an output may be left out. */
  protected isOptionalOutput(_name: string): boolean {
    return false
  }

  /** The blocks that these inputs would run.
   * @throws NotImplementedError for a block without parts */
  getExecutionBlocks(_inputs: Readonly<Record<string, unknown>> = {}): ModularPipelineBlocks | undefined {
    throw new NotImplementedError(
      classNameOf(this),
      'getExecutionBlocks()',
      'only blocks made of other blocks choose among them.',
    )
  }

  /** The blocks of a workflow.
   * @throws NoWorkflowsError unless the block is a sequence that names them */
  getWorkflow(_name: string): ModularPipelineBlocks {
    throw new NoWorkflowsError(classNameOf(this))
  }

  /**
   * Makes a pipeline of a copy of these blocks.
   *
   * @param source folder of a checkpoint in the diffusers layout, if components are to be loaded from one
   * @throws PipelineValidationError with all that is wrong in the way the blocks are put together; ModelIndexError for a folder that holds no model
   */
  // Of a parameter, not of `this`: the compiler would otherwise work out what each block takes wherever it replaces another.
  initPipeline<B extends ModularPipelineBlocks>(
    this: B,
    source?: string | URL,
    options: InitPipelineOptions = {},
  ): ModularPipeline<B> {
    return new ModularPipeline(this, source, options)
  }

  /** Why this block, without its parts, cannot run where it stands; `undefined` if it can. */
  findFault(path: readonly string[], inLoop: boolean): ModularError | undefined {
    const name = classNameOf(this)
    const { loopStep } = this.declarations
    const overridesCall = this.call !== ModularPipelineBlocks.prototype.call
    if (inLoop) return loopStep || overridesCall ? undefined : new MissingLoopStepError(path, name)
    // A block that overrides call() runs by itself, whatever other methods it declares.
    if ('run' in this || overridesCall) return undefined
    if (loopStep) return new LoopBlockOutsideLoopError(path, name)
    const advice = 'write an async or plain method that reads and assigns the declared fields.'
    return new NotImplementedError(name, 'run()', advice, path)
  }

  /**
   * Writes `modular_config.json` into a folder, so that {@link fromPretrained} finds the blocks there: `{ module: 'block' }` says that `block.js` exports
   * their class. The code itself is not written.
   *
   * @returns the file
   * @throws InvalidRequirementsError, BlockConfigError for a module that is elsewhere, UnwritableFileError
   */
  savePretrained(folder: string | URL, options: SaveBlocksOptions = {}): Promise<string> {
    return saveBlocks(this, pathOf(folder, 'folder'), options)
  }

  /** Checks how the blocks are put together.
   * @throws PipelineValidationError with every problem */
  validate(): void {
    validateBlocks(this)
  }

  /** Where the value of each input, and each component, would come from if the block were called with these inputs. */
  explain(inputs: Readonly<Record<string, unknown>> = {}): Explanation {
    return explain(this, inputs)
  }

  /** A copy whose parts can be changed without touching this block. */
  clone(): this {
    // Fields as they are: one may replace a getter of the class.
    return Object.create(Object.getPrototypeOf(this), Object.getOwnPropertyDescriptors(this)) as this
  }

  /** Documentation made from the declarations. */
  get doc(): string {
    return documentBlock(this)
  }

  /** The same as Markdown, with tables, for a README or a page of documentation. */
  toMarkdown(options: MarkdownOptions = {}): string {
    return documentAsMarkdown(this, options)
  }

  /**
   * A picture as Mermaid text: blocks in blocks, loops and branches marked, what flows between them with its type, the components of each block. In red:
   * what the call lacks that `given` describes.
   */
  toMermaid(options: PictureOptions = {}): string {
    return drawMermaid(this, options)
  }

  /** The declarations as a plain object, for tools. */
  describe(): BlockDescription {
    return describeBlock(this)
  }

  /** JSON Schemas of the inputs and outputs, or of those of a workflow (NoWorkflowsError, UnknownWorkflowError). What JSON cannot hold is only listed. */
  jsonSchema({ workflow }: { readonly workflow?: string | undefined } = {}): BlocksSchema {
    return workflow === undefined
      ? blocksSchema(this)
      : blocksSchema(this.getWorkflow(workflow), { workflow, of: this })
  }

  toString(): string {
    return printBlock(this)
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.toString()
  }
}

defineReplaceable(ModularPipelineBlocks, {
  description() {
    return getDeclarations(this.constructor).block.description ?? ''
  },
  modelName() {
    return this['defaultModelName']()
  },
  inputs() {
    return listOf(getDeclarations(this.constructor).inputs)
  },
  intermediateOutputs() {
    return listOf(getDeclarations(this.constructor).outputs)
  },
  outputs() {
    return this.intermediateOutputs
  },
  expectedComponents() {
    return treatAfterLoad(listOf(getDeclarations(this.constructor).components), this.afterLoad)
  },
  expectedConfigs() {
    return listOf(getDeclarations(this.constructor).configs)
  },
})

function inputNamesOf(inputs: readonly InputParam[]): string[] {
  return inputs.flatMap(({ name, kwargsType }) => name ?? kwargsType ?? [])
}
