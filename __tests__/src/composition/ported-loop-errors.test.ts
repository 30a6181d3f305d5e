/** What a loop of getters and `call()` refuses, and how. */
import {
  AutoPipelineBlocks,
  BlockExecutionError,
  BlockState,
  Branch,
  type Components,
  MissingLoopStepError,
  ModularPipelineBlocks,
  NotImplementedError,
  OverlappingLoopStepError,
  PipelineState,
  ReturnedStateError,
  SequentialPipelineBlocks,
  UnusedCallError,
} from '../../../src'
import { failure, onlyIssue } from '../fixtures/failures'
import { IncrementStep, toy } from '../fixtures/toy-blocks'
import { LikePython, LoopBlock, LoopWrapper } from './ported-blocks'

const values = { numSteps: 3, x: 1 }

describe('what cannot work', () => {
  test('a leaf with neither a loop step nor call() is refused', async () => {
    class Neither extends ModularPipelineBlocks {
      run() {}
    }
    const error = await onlyIssue(MissingLoopStepError, () =>
      LoopWrapper.fromBlocksDict({ neither: Neither }).validate(),
    )
    expect(error.message).toContain('override call(components, blockState, variables)')
  })

  test('a sequence or a choice that overrides call() is refused inside a loop', async () => {
    class Sequence extends SequentialPipelineBlocks {
      override async call(components: Components, state: PipelineState) {
        await super.call(components, state)
      }
    }
    class Choice extends AutoPipelineBlocks {
      @Branch({ otherwise: true }) a = LoopBlock
      override call() {}
    }
    const sequence = LoopWrapper.fromBlocksDict({ part: Sequence.fromBlocksDict({ a: LoopBlock }) })
    await onlyIssue(UnusedCallError, () => sequence.validate())
    await onlyIssue(UnusedCallError, () => LoopWrapper.fromBlocksDict({ part: Choice }).validate())
    Sequence.fromBlocksDict({ a: IncrementStep, b: toy({}) })
      .subBlocks.get('b')
      ?.validate()
  })

  test('loopStep() without components says how call() writes it', async () => {
    class Short extends LikePython {
      override async call(components: Components, state: PipelineState) {
        await this.loopStep({ i: 0 })
        return [components, state] as const
      }
    }
    const pipe = Short.fromBlocksDict({ a: LoopBlock }).initPipeline()
    const error = await failure(BlockExecutionError, () => pipe(values))
    expect(error.cause).toBeInstanceOf(NotImplementedError)
    expect(error.message).toContain('this.loopStep(components, blockState, { i })')
  })

  test('a step that is not awaited is refused', async () => {
    class Hurried extends LikePython {
      override async call(components: Components, state: PipelineState) {
        const blockState = this.getBlockState(state)
        void this.loopStep(components, blockState, { i: 0 })
        this.setBlockState(state, blockState)
        return [components, state] as const
      }
    }
    const slow = toy({ inputs: ['x'], outputs: ['x'], body: async ({ x }) => ({ x }) })
    await failure(OverlappingLoopStepError, () => Hurried.fromBlocksDict({ slow }).initPipeline()(values))
  })

  test('another state than the given one is refused', async () => {
    class Other extends ModularPipelineBlocks {
      override call(components: Components, _: BlockState) {
        return [components, new BlockState()] as const
      }
    }
    await failure(ReturnedStateError, () =>
      LoopWrapper.fromBlocksDict({ other: Other }).initPipeline()({ numSteps: 1 }),
    )
    class OtherState extends ModularPipelineBlocks {
      override call(components: Components, _: PipelineState) {
        return [components, new PipelineState()] as const
      }
    }
    await failure(ReturnedStateError, () => new OtherState().initPipeline()())
  })
})
