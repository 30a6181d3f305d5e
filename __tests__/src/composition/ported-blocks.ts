/** The loop and the block of the reference's guide, line by line, and the same in other forms. */
import {
  AutoPipelineBlocks,
  Block,
  type BlockState,
  Branch,
  type Components,
  type InOut,
  Input,
  InputParam,
  LoopSequentialPipelineBlocks,
  LoopStep,
  ModularPipelineBlocks,
  Output,
  OutputParam,
  type PipelineState,
} from '../../../src'

export class LoopWrapper extends LoopSequentialPipelineBlocks {
  override modelName = 'test'

  override get description() {
    return "I'm a loop!!"
  }

  override get loopInputs() {
    return [new InputParam({ name: 'numSteps' })]
  }

  override async call(components: Components, state: PipelineState) {
    const blockState = this.getBlockState<{ numSteps: number }>(state)
    for (let i = 0; i < blockState.numSteps; i++) await this.loopStep(components, blockState, { i })
    this.setBlockState(state, blockState)
  }
}

export class LoopBlock extends ModularPipelineBlocks {
  override modelName = 'test'

  override get inputs() {
    return [new InputParam({ name: 'x' })]
  }

  override get intermediateOutputs() {
    return [new OutputParam({ name: 'x' })]
  }

  override get description() {
    return "I'm a block used inside the `LoopWrapper` class"
  }

  override call(_components: Components, blockState: BlockState & { x: number }, { i }: { i: number }) {
    blockState.x += 1 + i * 0
  }
}

/** Returns what Python's blocks return. */
export class LikePython extends LoopSequentialPipelineBlocks {
  override loopInputs = [new InputParam({ name: 'numSteps', required: true })]

  override async call(components: Components, state: PipelineState) {
    let blockState = this.getBlockState<{ numSteps: number }>(state)
    for (let i = 0; i < blockState.numSteps; i++) {
      ;[components, blockState] = await this.loopStep(components, blockState, { i }, { total: blockState.numSteps })
    }
    this.setBlockState(state, blockState)
    return [components, state] as const
  }
}

export class AddLikePython extends ModularPipelineBlocks {
  override inputs = [new InputParam({ name: 'x', required: true })]
  override intermediateOutputs = [new OutputParam({ name: 'x' })]

  override call(components: Components, blockState: BlockState & { x: number }, _: { i: number }) {
    blockState.x += 1
    return [components, blockState] as const
  }
}

/** The same by decorators. */
@Block({ description: 'Adds one to x in every iteration.' })
export class Increment extends ModularPipelineBlocks {
  @Input() @Output() x!: InOut<number>

  @LoopStep()
  step({ i: _ }: { i: number }) {
    this.x += 1
  }
}

export class OneBranch extends AutoPipelineBlocks {
  @Branch({ otherwise: true }) a = LoopBlock
}
