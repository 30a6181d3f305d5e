/** Runs one block on its own, as a test of it wants. */

import {
  type CallOptions,
  type ComponentContainer,
  type InputsOf,
  type IterationVariables,
  LoopSequentialPipelineBlocks,
  type ModularPipeline,
  type ModularPipelineBlocks,
  type OutputsOf,
  PipelineState,
  UnknownValueError,
} from '../src'
import { toBlock } from '../src/composition/block-source'
import { ComponentContainer as Container } from '../src/container/component-container'
import { LoopBlockOutsideLoopError } from '../src/errors/loop-errors'
import { classNameOf } from '../src/format/class-name'
import { containerOf } from './container-of'

/** What {@link runBlock} runs a block with. */
export interface RunBlockOptions<I = Readonly<Record<string, unknown>>> extends Omit<CallOptions, 'output' | 'state'> {
  /** The values that a caller would pass, or that earlier blocks would have written. */
  inputs?: I
  /** Components by name, or a container that holds them. They stay the caller's. */
  components?: Readonly<Record<string, unknown>> | ComponentContainer
  /** Settings by name, in place of the defaults of the block. */
  configs?: Readonly<Record<string, unknown>>
  /** What is in the state before the block runs; it is not changed. */
  state?: PipelineState | Readonly<Record<string, unknown>>
  /** Runs the block as the part of a loop, once, with these iteration variables. A block that has nothing but a loop step always runs so. */
  variables?: IterationVariables
}

/** The arguments of {@link runBlock} beside the block: none need be given if no input must be passed. */
export type RunBlockArguments<I> =
  Partial<I> extends I ? [options?: RunBlockOptions<I>] : [options: RunBlockOptions<I> & { inputs: I }]

/**
 * Runs a block, whatever its kind: a leaf, a part of a loop, a sequence, a choice. Gives what it writes, by name; tensors among it are the caller's, all
 * others that the run made are disposed.
 *
 * ```ts
 * const denoised = await runBlock(SchedulerStep, { inputs: { latents, noisePred }, components: { scheduler }, variables: { t: 751 } })
 * ```
 * @throws what a pipeline of the block throws: PipelineValidationError, BlockExecutionError, …; UnknownValueError for a setting that the block does not read
 */
export async function runBlock<B extends ModularPipelineBlocks>(
  block: B | (new () => B),
  ...[options = {}]: RunBlockArguments<InputsOf<B>>
): Promise<OutputsOf<B>> {
  const { inputs = {}, components = {}, configs = {}, state, variables, ...call } = options as RunBlockOptions
  const made = toBlock(block)
  const container = components instanceof Container ? components : containerOf(components)
  const pipe: ModularPipeline = inLoop(made, variables).initPipeline(undefined, { container })
  try {
    setConfigs(pipe, configs)
    const output = made.intermediateOutputNames
    const values = await pipe(inputs, { ...call, output, ...(state && { state: toState(state) }) })
    // Branches that did not run have written nothing.
    const written = Object.entries(values).filter(([, value]) => value !== undefined)
    return Object.fromEntries(written) as OutputsOf<B> // The outputs that the block declares, by name.
  } finally {
    pipe.dispose()
  }
}

/** The block, or a loop of one iteration around it where it must not or shall not stand alone. */
function inLoop(block: ModularPipelineBlocks, variables: IterationVariables | undefined): ModularPipelineBlocks {
  const needsLoop = block.findFault([], false) instanceof LoopBlockOutsideLoopError
  if (variables === undefined && !needsLoop) return block
  class OneIteration extends LoopSequentialPipelineBlocks {
    async run(): Promise<void> {
      await this.loopStep(variables, { total: 1 })
    }
  }
  return OneIteration.fromBlocksDict({ [classNameOf(block)]: block })
}

function toState(state: NonNullable<RunBlockOptions['state']>): PipelineState {
  if (state instanceof PipelineState) return state
  const made = new PipelineState()
  for (const [name, value] of Object.entries(state)) made.set(name, value)
  return made
}

/** Puts settings in the place of the defaults.
 * @throws UnknownValueError, InputTypeError */
function setConfigs(pipe: ModularPipeline, configs: Readonly<Record<string, unknown>>): void {
  const known = pipe.blocks.expectedConfigs.map(spec => spec.name)
  const unknown = Object.keys(configs).find(name => !known.includes(name))
  if (unknown !== undefined) throw new UnknownValueError('The block', unknown, known, 'setting')
  pipe.registerToConfig(configs)
}
