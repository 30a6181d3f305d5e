/** Runs blocks of the denoise loop once, at one timestep of a schedule. */
import {
  Block,
  type BlockSource,
  type In,
  Input,
  LoopSequentialPipelineBlocks,
  SequentialPipelineBlocks,
  SetTimesteps,
} from '../../../index'

@Block({ description: 'Runs its blocks at one timestep of the schedule.' })
class OneIteration extends LoopSequentialPipelineBlocks {
  @Input() timesteps!: In<number[]>
  @Input({ default: 0, description: 'Number of the step.' }) at!: In<number>

  async run() {
    await this.loopStep({ i: this.at, t: this.timesteps[this.at] })
  }
}

/** Sets the timesteps, then runs these blocks at the step `at`. */
export function oneIterationOf(blocks: Record<string, BlockSource>): SequentialPipelineBlocks {
  const iteration = OneIteration.fromBlocksDict(blocks)
  return SequentialPipelineBlocks.fromBlocksDict({ setTimesteps: SetTimesteps, iteration })
}
