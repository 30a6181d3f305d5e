/** A block learns which calls later blocks will make, wherever it stands. */
import {
  AutoPipelineBlocks,
  Block,
  BlockExecutionError,
  Branch,
  type In,
  type InOut,
  Input,
  LoopSequentialPipelineBlocks,
  LoopStep,
  ModularPipelineBlocks,
  Output,
  type RunPlan,
  SequentialPipelineBlocks,
  Step,
  slot,
  type UpcomingCall,
} from '../../../src'
import { failure } from '../fixtures/failures'

/** Bytes of the calls that {@link Ask} was called with. */
let told: (number | undefined)[] = []
beforeEach(() => {
  told = []
})

/** A block that announces one call, of which the bytes tell the block. */
function calling(memory: number) {
  @Block({ description: 'Calls a model.' })
  class Calls extends ModularPipelineBlocks {
    override upcomingCalls({ images = 1 }: RunPlan): UpcomingCall[] {
      return [{ memory: memory * images }]
    }

    run() {}
  }
  return new Calls()
}

@Block({ description: 'Asks for the calls to come.' })
class Ask extends ModularPipelineBlocks {
  async run() {
    told = (await this.context.upcomingCalls()).map(({ memory }) => memory)
  }
}

/** Writes a trigger that nobody can foresee. */
@Block({ description: 'Writes a name, or nothing.' })
class Decide extends ModularPipelineBlocks {
  @Output() mark!: unknown

  run() {
    this.mark = 1
  }
}

test('those behind it, not those before it', async () => {
  const blocks = { first: calling(1), ask: Ask, second: calling(2), third: calling(3) }
  await SequentialPipelineBlocks.fromBlocksDict(blocks).initPipeline()({})
  expect(told).toEqual([2, 3])
})

test('those behind a branch of which nobody knew that it would run', async () => {
  class Asking extends SequentialPipelineBlocks {
    @Step() mayBe = slot(calling(4))
    @Step() ask = slot(Ask)
    @Step() mayBeToo = slot(calling(5))
  }
  class Choice extends AutoPipelineBlocks {
    @Branch({ when: 'mark' }) marked = slot(Asking)
  }
  const blocks = { first: calling(1), decide: Decide, choice: Choice, last: calling(6) }
  await SequentialPipelineBlocks.fromBlocksDict(blocks).initPipeline()({})
  expect(told).toEqual([6])
})

test.each(['estimateCost', 'upcomingCalls'])('an error of %s names its block', async method => {
  class Broken extends ModularPipelineBlocks {
    run() {}
  }
  Object.assign(Broken.prototype, {
    [method]() {
      throw new TypeError('no size')
    },
  })
  const pipe = SequentialPipelineBlocks.fromBlocksDict({ first: calling(1), broken: Broken }).initPipeline()
  const error = await failure(BlockExecutionError, () => pipe({}))
  expect(error.path).toEqual(['broken'])
  expect(error.message).toBe('broken (Broken) failed: no size')
  expect(error.cause).toBeInstanceOf(TypeError)
})

test('in a loop, those of the later parts and of what follows the loop', async () => {
  @Block({ description: 'Asks for the calls to come.' })
  class AskInLoop extends ModularPipelineBlocks {
    @Input({ default: 0 }) @Output() asked!: InOut<number>

    @LoopStep()
    async step() {
      told = (await this.context.upcomingCalls()).map(({ memory }) => memory)
      this.asked += 1
    }
  }
  @Block({ description: 'Calls a model.' })
  class CallInLoop extends ModularPipelineBlocks {
    @Input({ default: 0 }) asked!: In<number>

    override upcomingCalls(): UpcomingCall[] {
      return [{ memory: 2 }]
    }

    @LoopStep()
    step() {}
  }
  class Loop extends LoopSequentialPipelineBlocks {
    @LoopStep() ask = slot(AskInLoop)
    @LoopStep() callModel = slot(CallInLoop)

    async run() {
      await this.loopStep({ i: 0 })
    }
  }
  await SequentialPipelineBlocks.fromBlocksDict({ first: calling(1), loop: Loop, last: calling(3) }).initPipeline()({})
  expect(told).toEqual([2, 3])
})

test('widths that several blocks know are put together by name, and of two for one name the first counts', async () => {
  const knowing = (widths: Record<string, number>) => {
    @Block({ description: 'Knows widths.' })
    class Knows extends ModularPipelineBlocks {
      override estimateCost() {
        return { widths }
      }

      run() {}
    }
    return new Knows()
  }
  let plan: RunPlan = {}
  @Block({ description: 'Reads the plan.' })
  class Reads extends ModularPipelineBlocks {
    run() {
      plan = this.context.plan
    }
  }
  const blocks = { reads: Reads, first: knowing({ timeIds: 5 }), second: knowing({ timeIds: 6, labels: 3 }) }
  await SequentialPipelineBlocks.fromBlocksDict(blocks).initPipeline()({})
  expect(plan).toEqual({ widths: { timeIds: 5, labels: 3 } })
})
