/** A loop as the guide of the reference writes it, with getters and `call()`, and mixed with decorated blocks. */
import {
  AutoPipelineBlocks,
  BlockExecutionError,
  BlockState,
  Branch,
  Component,
  ComponentSpec,
  type Components,
  ConfigSpec,
  type In,
  Input,
  InputParam,
  LoopSequentialPipelineBlocks,
  LoopStep,
  MissingInputError,
  MissingOutputError,
  ModularPipelineBlocks,
  OutputParam,
  PipelineAbortError,
  type PipelineEvent,
  PipelineState,
  SequentialPipelineBlocks,
} from '../../../src'
import { failure, onlyIssue } from '../fixtures/failures'
import { Handle } from '../fixtures/handles'
import { IncrementStep, Repeat, required, toy } from '../fixtures/toy-blocks'
import { AddLikePython, Increment, LikePython, LoopBlock, LoopWrapper, OneBranch } from './ported-blocks'

const values = { numSteps: 3, x: 1 }

describe('the loop of the guide', () => {
  test('runs', async () => {
    const two = LoopWrapper.fromBlocksDict({ block1: LoopBlock, block2: new LoopBlock() })
    expect(await two.initPipeline()(values, { output: 'x' })).toBe(7)
    expect(await LoopWrapper.fromBlocksDict({ block1: LoopBlock }).initPipeline()(values, { output: 'x' })).toBe(4)
  })

  test('declares what it does with decorators', () => {
    const ported = LoopWrapper.fromBlocksDict({ block1: LoopBlock })
    const decorated = Repeat.fromBlocksDict({ block1: Increment })
    expect(ported.modelName).toBe('test')
    expect(ported.description).toBe("I'm a loop!!")
    expect(ported.inputNames).toEqual(decorated.inputNames)
    expect(ported.intermediateOutputNames).toEqual(decorated.intermediateOutputNames)
    expect(new LoopBlock().modelName).toBe('test')
  })

  test('may return components and state, as in Python', async () => {
    const pipe = LikePython.fromBlocksDict({ a: AddLikePython, b: LoopBlock }).initPipeline()
    expect(await pipe(values, { output: 'x' })).toBe(7)
  })

  test.each([
    ['a decorated block in a loop of getters', LoopWrapper.fromBlocksDict({ a: Increment, b: LoopBlock })],
    ['a block of getters in a decorated loop', Repeat.fromBlocksDict({ a: LoopBlock, b: Increment })],
    [
      'a sequence and a choice in a loop of getters',
      LoopWrapper.fromBlocksDict({
        sequence: SequentialPipelineBlocks.fromBlocksDict({ a: LoopBlock }),
        choice: OneBranch,
      }),
    ],
  ])('may be mixed with decorators: %s', async (_, blocks) => {
    expect(await blocks.initPipeline()(values, { output: 'x' })).toBe(7)
  })

  test('runs many times at once, each on values of its own', async () => {
    const pipe = LikePython.fromBlocksDict({ a: LoopBlock, b: AddLikePython }).initPipeline()
    const results = [1, 2, 3, 4, 5].map(x => pipe({ numSteps: x, x }, { output: 'x' }))
    expect(await Promise.all(results)).toEqual([3, 6, 9, 12, 15])
  })

  test('uses the defaults of the parts, and asks for what they require', async () => {
    const pipe = LikePython.fromBlocksDict({ a: AddLikePython }).initPipeline()
    const error = await onlyIssue(MissingInputError, () => pipe({ x: 1 }))
    expect(error.input).toBe('numSteps')
    const defaulted = toy({ inputs: [{ name: 'y', default: 5 }], outputs: ['z'], body: ({ y }) => ({ z: y }) })
    expect(await LikePython.fromBlocksDict({ defaulted }).initPipeline()({ numSteps: 1 }, { output: 'z' })).toBe(5)
  })
})

/** Runs its parts `columns` times, in a loop of another kind. */
class Columns extends LoopSequentialPipelineBlocks {
  override loopInputs = [new InputParam({ name: 'columns', default: 2 })]

  override async call(components: Components, state: PipelineState, outer: Record<string, unknown> = {}) {
    const blockState = this.getBlockState<{ columns: number }>(state)
    for (let j = 0; j < blockState.columns; j++) await this.loopStep(components, blockState, { ...outer, j })
    this.setBlockState(state, blockState)
  }
}

const spy = () =>
  toy({
    inputs: ['seen'],
    outputs: ['seen'],
    body: ({ seen }, variables) => ({ seen: [...((seen as unknown[]) ?? []), { ...variables }] }),
  })

describe('a loop of getters in a loop', () => {
  test.each([
    ['of getters', () => LoopWrapper.fromBlocksDict({ inner: Columns.fromBlocksDict({ spy: spy() }) })],
    ['that is decorated', () => Repeat.fromBlocksDict({ inner: Columns.fromBlocksDict({ spy: spy() }) })],
  ])('%s sees the variables of both', async (_, make: () => LoopSequentialPipelineBlocks) => {
    const pipe = make().initPipeline()
    expect(await pipe({ numSteps: 2 }, { output: 'seen' })).toEqual([
      { i: 0, j: 0 },
      { i: 0, j: 1 },
      { i: 1, j: 0 },
      { i: 1, j: 1 },
    ])
  })

  test('holds a decorated loop too', async () => {
    class Inner extends LoopSequentialPipelineBlocks {
      @Input({ default: 2 }) columns!: In<number>
      @LoopStep() add = IncrementStep
      async run() {
        for (let j = 0; j < this.columns; j++) await this.loopStep({ j })
      }
    }
    expect(await LoopWrapper.fromBlocksDict({ inner: Inner }).initPipeline()(values, { output: 'x' })).toBe(7)
  })

  test('adds to what run() does by super.call()', async () => {
    class Logged extends Repeat {
      override async call(components: Components, state: PipelineState | BlockState, variables = {}) {
        await super.call(components, state, variables)
        ;(state instanceof PipelineState ? (state.values.get('log') as string[]) : (state.log as string[])).push('end')
      }
    }
    const log: string[] = []
    const pipe = Logged.fromBlocksDict({ add: LoopBlock, log: toy({ inputs: ['log'] }) }).initPipeline()
    const state = await pipe({ ...values, log })
    expect([state.get('x'), state.get('log')]).toEqual([4, ['end']])
    const nested = Repeat.fromBlocksDict({
      inner: Logged.fromBlocksDict({ add: LoopBlock, log: toy({ inputs: ['log'] }) }),
    })
    const both = await nested.initPipeline()({ numSteps: 2, x: 0, log: [] })
    expect([both.get('x'), both.get('log')]).toEqual([4, ['end', 'end']])
  })
})

describe('what surrounds the iterations', () => {
  const eventsOf = async (blocks: LoopSequentialPipelineBlocks) => {
    const events: unknown[] = []
    const onEvent = (event: PipelineEvent) => {
      const { duration: _, block: __, state: ___, outputs: ____, ...rest } = event as unknown as Record<string, unknown>
      events.push(rest)
    }
    await blocks.initPipeline()(values, { onEvent })
    return events
  }

  test('events are those of a decorated loop', async () => {
    const ported = await eventsOf(LikePython.fromBlocksDict({ a: LoopBlock }))
    expect(ported).toEqual(await eventsOf(Repeat.fromBlocksDict({ a: Increment })))
    expect(ported).toContainEqual({ type: 'loopStep', path: [], step: 2, total: 3, variables: { i: 1 } })
  })

  test('a cancelled loop stops between two iterations, keeps its progress, and continues', async () => {
    const pipe = LikePython.fromBlocksDict({ a: LoopBlock }).initPipeline()
    const controller = new AbortController()
    const onEvent = (event: PipelineEvent) => {
      if (event.type === 'loopStep' && event.step === 2) controller.abort()
    }
    const inputs = { numSteps: 5, x: 0 }
    const options = { signal: controller.signal, onEvent, keepStateOnAbort: true }
    const { state, path } = await failure(PipelineAbortError, () => pipe(inputs, options))
    expect(path).toEqual(['[step 3 of 5]'])
    expect(state.get('x')).toBe(2)
    const resumed: unknown[] = []
    const x = await pipe(
      {},
      {
        state,
        resume: true,
        output: 'x',
        onEvent: event => void (event.type === 'loopStep' && resumed.push(event.step)),
      },
    )
    expect([x, resumed]).toEqual([5, [3, 4, 5]])
  })

  test('errors name the block and the iteration', async () => {
    class Fails extends ModularPipelineBlocks {
      override call(_: Components, __: BlockState, { i }: { i: number }) {
        if (i === 1) throw new RangeError('out of range')
      }
    }
    const blocks = SequentialPipelineBlocks.fromBlocksDict({ loop: LikePython.fromBlocksDict({ fails: Fails }) })
    const error = await failure(BlockExecutionError, () => blocks.initPipeline()({ numSteps: 3 }))
    expect(error.path).toEqual(['loop[step 2 of 3]', 'fails'])
    expect(error.cause).toBeInstanceOf(RangeError)
  })

  test('an output that nobody wrote is missing, and no iteration is to blame', async () => {
    class WritesNothing extends ModularPipelineBlocks {
      override intermediateOutputs = [new OutputParam({ name: 'y' })]
      override call() {}
    }
    const blocks = SequentialPipelineBlocks.fromBlocksDict({ loop: LikePython.fromBlocksDict({ none: WritesNothing }) })
    const error = await failure(MissingOutputError, () => blocks.initPipeline()({ numSteps: 2 }))
    expect([error.output, error.path]).toEqual(['y', ['loop']])
  })

  test('the context of the run is there in call()', async () => {
    class Seeds extends ModularPipelineBlocks {
      override intermediateOutputs = [new OutputParam({ name: 'seed' })]
      override call(_: Components, blockState: BlockState) {
        blockState.seed = this.context.seed
      }
    }
    const pipe = LikePython.fromBlocksDict({ seeds: Seeds }).initPipeline()
    expect(await pipe({ numSteps: 1 }, { output: 'seed', seed: 5 })).toBe(5)
  })

  test('components are passed', async () => {
    class Clock {
      readonly time = 5
    }
    class Reads extends ModularPipelineBlocks {
      override expectedComponents = [new ComponentSpec({ name: 'clock', typeHint: Clock })]
      override intermediateOutputs = [new OutputParam({ name: 'time' })]
      override call({ clock }: Components & { clock: Clock }, blockState: BlockState) {
        blockState.time = clock.time
      }
    }
    class Timed extends LikePython {
      override loopExpectedComponents = [new ComponentSpec({ name: 'clock', typeHint: Clock })]
      override loopExpectedConfigs = [new ConfigSpec({ name: 'flag', default: true })]
    }
    const loop = Timed.fromBlocksDict({ reads: Reads })
    expect([loop.componentNames, loop.expectedConfigs.map(({ name }) => name)]).toEqual([['clock'], ['flag']])
    const pipe = loop.initPipeline()
    pipe.container.register('clock', { useValue: new Clock() })
    expect(await pipe({ numSteps: 1 }, { output: 'time' })).toBe(5)
  })
})

describe('lifetimes', () => {
  afterEach(() => {
    const left = [...Handle.alive]
    Handle.alive.clear()
    expect(left).toEqual([])
  })

  class Replaces extends ModularPipelineBlocks {
    override inputs = [new InputParam({ name: 'handle' })]
    override intermediateOutputs = [new OutputParam({ name: 'handle' })]
    override call(_: Components, blockState: BlockState & { handle?: Handle }, { i }: { i: number }) {
      new Handle('scratch').use()
      blockState.handle?.use()
      blockState.handle = new Handle(i)
    }
  }

  test('what an iteration leaves behind is disposed, and the last value belongs to the caller', async () => {
    const count = toy({ outputs: ['count'], body: () => ({ count: Handle.alive.size }) })
    const pipe = LikePython.fromBlocksDict({ replaces: Replaces, count }).initPipeline()
    const state = await pipe({ numSteps: 20 })
    expect(state.get('count')).toBeLessThanOrEqual(3)
    expect(Handle.alive.size).toBe(1)
    state.get<Handle>('handle').use().dispose()
  })

  test('a value that the loop itself has read stays alive until the loop ends', async () => {
    class Keeps extends LikePython {
      override async call(components: Components, state: PipelineState) {
        const blockState = this.getBlockState<{ handle: Handle }>(state)
        await this.loopStep(components, blockState, { i: 0 })
        const first = blockState.handle
        await this.loopStep(components, blockState, { i: 1 })
        first.use()
        this.setBlockState(state, blockState)
        return [components, state] as const
      }
    }
    const handle = await Keeps.fromBlocksDict({ replaces: Replaces }).initPipeline()(
      { numSteps: 2 },
      { output: 'handle' },
    )
    ;(handle as Handle).use().dispose()
  })

  test('nothing is left of a run that fails or of values that the loop made for itself', async () => {
    class OfItsOwn extends LoopWrapper {
      override async call(components: Components, _: PipelineState) {
        const blockState = new BlockState({ numSteps: 2 })
        for (let i = 0; i < 2; i++) await this.loopStep(components, blockState, { i })
        throw new Error('stop')
      }
    }
    const pipe = OfItsOwn.fromBlocksDict({ replaces: Replaces }).initPipeline()
    await failure(BlockExecutionError, () => pipe({ numSteps: 2 }))
  })
})

test('both lists of inputs of a loop count', () => {
  class Both extends LikePython {
    override loopInputs = [new InputParam({ name: 'numSteps', required: true })]
    override loopIntermediateInputs = [
      new InputParam({ name: 'latents', required: true }),
      new InputParam({ name: 'numSteps' }),
    ]
    override loopIntermediateOutputs = [new OutputParam({ name: 'count' })]
  }
  const loop = Both.fromBlocksDict({ a: LoopBlock })
  expect(loop.inputNames).toEqual(['numSteps', 'latents', 'x'])
  expect(loop.loopRequiredInputs).toEqual(['numSteps', 'latents'])
  expect(loop.intermediateOutputNames).toEqual(['x', 'count'])
})

test('fields take the place of getters in blocks of every kind', async () => {
  class Named extends SequentialPipelineBlocks {
    override modelName = 'own'
    override description = 'A sequence.'
    override workflowMap = { all: { x: true as const } }
  }
  const blocks = Named.fromBlocksDict({ a: IncrementStep })
  expect([blocks.modelName, blocks.description, blocks.availableWorkflows]).toEqual(['own', 'A sequence.', ['all']])
  expect(blocks.clone().modelName).toBe('own')
  class Chosen extends AutoPipelineBlocks {
    @Branch() a = LoopBlock
    override blockTriggerInputs = ['x']
  }
  expect(new Chosen().triggerNames).toEqual(['x'])
  expect(required('x').required).toBe(true)
  class WithComponent extends ModularPipelineBlocks {
    @Component(Date) date!: Date
    override description = 'Holds a date.'
    run() {}
  }
  expect([new WithComponent().description, new WithComponent().componentNames]).toEqual(['Holds a date.', ['date']])
})
