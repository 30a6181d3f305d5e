/** How much a run changes its picture. */
import { ConditionalPipelineBlocks, type ModularPipelineBlocks, SequentialPipelineBlocks } from '../src'
import type { DrawingInputs } from './call-inputs'
import type { AnyPipeline } from './open-pipeline'

/** Adds the strength that a call uses if none was given: the default of the blocks that it runs. Inputs without a picture stay as they are. */
export function withUsedStrength({ blocks }: AnyPipeline, inputs: DrawingInputs): DrawingInputs {
  if (inputs.strength !== undefined || inputs.image === undefined) return inputs
  const strength = runningBlocks(blocks, inputs)
    .flatMap(block => block.inputs)
    .find(({ name, default: value }) => name === 'strength' && typeof value === 'number')?.default
  return strength === undefined ? inputs : { ...inputs, strength: strength as number }
}

/** The blocks of a call, one after the other. Of those that take a strength, the first ones may leave its default to the others. */
function runningBlocks(blocks: ModularPipelineBlocks, inputs: DrawingInputs): readonly ModularPipelineBlocks[] {
  if (!(blocks instanceof SequentialPipelineBlocks || blocks instanceof ConditionalPipelineBlocks)) return [blocks]
  const running = blocks.getExecutionBlocks({ ...inputs })
  if (running === undefined) return []
  return running instanceof SequentialPipelineBlocks ? [...running.subBlocks.values()] : [running]
}
