import {
  Block,
  type BlockSource,
  Component,
  ComponentSpec,
  Config,
  ConfigSpec,
  type In,
  type InOut,
  Input,
  InputParam,
  LoopBlockOutsideLoopError,
  LoopSequentialPipelineBlocks,
  LoopStep,
  MissingInputError,
  MissingIterationVariableError,
  MissingLoopStepError,
  MissingOutputError,
  ModularPipelineBlocks,
  NotImplementedError,
  type Out,
  Output,
  OutputParam,
  OverlappingLoopStepError,
  SequentialPipelineBlocks,
} from '../../../src'
import { failure, issues, onlyIssue } from '../fixtures/failures'
import { Increment, IncrementStep, Repeat, required, toy } from '../fixtures/toy-blocks'

class Clock {}

/** Collects what it sees of the iteration variables. */
const spy = (name = 'seen') =>
  toy({
    inputs: [name],
    outputs: [name],
    body: (values, variables) => ({ [name]: [...((values[name] as unknown[] | undefined) ?? []), { ...variables }] }),
  })

const repeat = (blocks: Record<string, BlockSource>) => Repeat.fromBlocksDict(blocks).initPipeline()

describe('a loop', () => {
  test('runs its parts in order, numSteps times, on one set of values', async () => {
    const double = toy<{ x: number }>({ inputs: ['x'], outputs: ['x'], body: ({ x }) => ({ x: x * 2 }) })
    expect(await repeat({ a: IncrementStep, b: double })({ x: 1, numSteps: 3 }, { output: 'x' })).toBe(22)
  })

  test('passes the iteration variables by name', async () => {
    expect(await repeat({ spy: spy() })({ numSteps: 3 }, { output: 'seen' })).toEqual([{ i: 0 }, { i: 1 }, { i: 2 }])
  })

  test('runs over items', async () => {
    class Over extends LoopSequentialPipelineBlocks {
      @Input() timesteps!: In<number[]>
      @LoopStep() spy: BlockSource = spy()

      async run() {
        for (const [i, t] of this.timesteps.entries()) await this.loopStep({ i, t })
      }
    }
    const seen = await new Over().initPipeline()({ timesteps: [981, 1] }, { output: 'seen' })
    expect(seen).toEqual([
      { i: 0, t: 981 },
      { i: 1, t: 1 },
    ])
  })

  test('may run without await where nothing takes long', async () => {
    class Plain extends LoopSequentialPipelineBlocks {
      @LoopStep() add = IncrementStep
      run() {
        this.loopStep()
      }
    }
    expect(await new Plain().initPipeline()({ x: 1 }, { output: 'x' })).toBe(2)
  })

  test('reads between two steps what its parts have written, and writes what they read', async () => {
    class Halving extends LoopSequentialPipelineBlocks {
      @Input() @Output() x!: InOut<number>
      @Output() steps!: Out<number>
      @LoopStep() add = IncrementStep

      async run() {
        this.steps = 0
        while (this.x < 10) {
          this.x *= 2
          await this.loopStep()
          this.steps++
        }
      }
    }
    expect(await new Halving().initPipeline()({ x: 1 }, { output: ['x', 'steps'] })).toEqual({ x: 15, steps: 3 })
  })

  test('keeps scratch values of its parts to itself', async () => {
    const state = await repeat({ a: toy({ inputs: ['x'], outputs: ['y'], body: () => ({ y: 1 }) }) })({
      numSteps: 1,
    })
    expect(Object.keys(state.toObject().values)).toEqual(['numSteps', 'x', 'y'])
  })

  test('may stand among other blocks, and be repeated', async () => {
    const loop = Repeat.fromBlocksDict({ add: IncrementStep })
    const blocks = SequentialPipelineBlocks.fromBlocksDict({ before: Increment, loop, after: Increment, again: loop })
    expect(await blocks.initPipeline()({ x: 0, numSteps: 5 }, { output: 'x' })).toBe(12)
  })

  test('takes a fresh copy of a default that is an object for each run', async () => {
    const collect = toy<{ list: number[] }>({
      inputs: [{ name: 'list', default: [] }],
      outputs: ['list'],
      body: ({ list }) => {
        list.push(1)
      },
    })
    const pipe = repeat({ collect })
    expect(await pipe({ numSteps: 2 }, { output: 'list' })).toEqual([1, 1])
    expect(await pipe({ numSteps: 2 }, { output: 'list' })).toEqual([1, 1])
  })
})

describe('zero iterations', () => {
  test('leave the inputs as they are', async () => {
    expect(await repeat({ add: IncrementStep })({ x: 4, numSteps: 0 }, { output: 'x' })).toBe(4)
  })

  test('miss an output that no input fills', async () => {
    const write = toy({ outputs: ['y'], body: () => ({ y: 1 }) })
    const error = await failure(MissingOutputError, () => repeat({ write })({ numSteps: 0 }))
    expect(error.output).toBe('y')
    expect(await repeat({ write })({ numSteps: 1 }, { output: 'y' })).toBe(1)
  })
})

describe('what a loop declares', () => {
  @Block({ description: 'A loop with everything.' })
  class Full extends LoopSequentialPipelineBlocks {
    @Input({ default: 2 }) numSteps!: In<number>
    @Output() count!: Out<number>
    @Component(Clock) clock!: Clock
    @Config({ default: true }) flag!: boolean

    @LoopStep() first: BlockSource = toy({
      inputs: ['a', required('latents')],
      outputs: ['noise'],
      components: [new ComponentSpec({ name: 'unet' })],
    })
    @LoopStep() second: BlockSource = toy({ inputs: [required('noise'), required('a')], outputs: ['latents'] })
    run() {}
  }

  test('comes from its fields, and is offered under the names of the reference', () => {
    const loop = new Full()
    expect(loop.loopInputs).toMatchObject([{ name: 'numSteps', default: 2 }])
    expect(loop.loopIntermediateOutputs).toMatchObject([{ name: 'count' }])
    expect(loop.loopExpectedComponents).toMatchObject([{ name: 'clock', typeHint: Clock }])
    expect(loop.loopExpectedConfigs).toMatchObject([{ name: 'flag', default: true }])
    expect(loop.loopRequiredInputs).toEqual([])
  })

  test('lists its own inputs first, then those of its parts that no earlier part writes', () => {
    expect(new Full().inputs.map(({ name, required }) => [name, required])).toEqual([
      ['numSteps', false],
      ['a', true],
      ['latents', true],
      ['a', true],
    ])
    expect(new Full().requiredInputs).toEqual(['latents', 'noise', 'a'])
  })

  test('lists the outputs and components of its parts first, then its own', () => {
    expect(new Full().intermediateOutputNames).toEqual(['noise', 'latents', 'count'])
    expect(new Full().outputNames).toEqual(['latents'])
    expect(new Full().componentNames).toEqual(['unet', 'clock'])
    expect(new Full().expectedConfigs.map(spec => spec.name)).toEqual(['flag'])
  })

  test('can be computed instead, with the older name for inputs beside the newer', async () => {
    class Computed extends LoopSequentialPipelineBlocks {
      @LoopStep() spy: BlockSource = spy()
      override get loopInputs() {
        return [new InputParam({ name: 'numSteps', required: true }), ...super.loopInputs]
      }
      override get loopIntermediateInputs() {
        return [new InputParam({ name: 'latents', default: 'noise' })]
      }
      override get loopIntermediateOutputs() {
        return [new OutputParam({ name: 'result' })]
      }
      override get loopExpectedComponents() {
        return [new ComponentSpec({ name: 'clock', typeHint: Clock, config: {} })]
      }
      override get loopExpectedConfigs() {
        return [new ConfigSpec({ name: 'flag', default: 'set' })]
      }
      async run() {
        const view = this as unknown as Record<string, unknown>
        for (let i = 0; i < (view.numSteps as number); i++) await this.loopStep({ i })
        view.result = [view.latents, view.flag, view.clock instanceof Clock]
      }
    }
    const loop = new Computed()
    expect(loop.inputNames).toEqual(['numSteps', 'latents', 'seen'])
    expect(loop.loopRequiredInputs).toEqual(['numSteps'])
    expect(loop.componentNames).toEqual(['clock'])
    expect(await loop.initPipeline()({ numSteps: 1 }, { output: 'result' })).toEqual(['noise', 'set', true])
  })

  test('asks for what a later part writes and an earlier one reads, for the first iteration', async () => {
    const read = toy<{ latents: number }>({
      inputs: [required('latents')],
      outputs: ['noise'],
      body: ({ latents }) => ({ noise: latents / 2 }),
    })
    const write = toy({ inputs: ['noise'], outputs: ['latents'], body: ({ noise }) => ({ latents: noise }) })
    const pipe = repeat({ read, write })
    expect(await pipe({ latents: 8, numSteps: 3 }, { output: 'latents' })).toBe(1)
    expect((await onlyIssue(MissingInputError, () => pipe({ numSteps: 3 }))).input).toBe('latents')
  })

  test('fills in a default from a later declaration of the same name', async () => {
    const a = toy({ inputs: ['x'], outputs: ['y'], body: ({ x }) => ({ y: x }) })
    const b = toy({ inputs: [{ name: 'x', default: 10 }] })
    expect(await repeat({ a, b })({ numSteps: 2 }, { output: 'y' })).toBe(10)
  })
})

describe('declared iteration variables', () => {
  class Needs extends ModularPipelineBlocks {
    @Input() @Output() x!: InOut<number>

    @LoopStep({ variables: ['i', 't'] })
    step({ i, t }: { i: number; t: number }) {
      this.x += i * t
    }
  }

  test('are passed', async () => {
    class Over extends LoopSequentialPipelineBlocks {
      @LoopStep() part = Needs
      async run() {
        for (const [i, t] of [5, 7].entries()) await this.loopStep({ i, t })
      }
    }
    expect(await new Over().initPipeline()({ x: 1 }, { output: 'x' })).toBe(8)
  })

  test('are named when the loop does not pass them', async () => {
    const error = await failure(MissingIterationVariableError, () => repeat({ part: Needs })({ x: 1, numSteps: 2 }))
    expect(error.variable).toBe('t')
    expect(error.path).toEqual(['[step 1 of 2]', 'part'])
    expect(error.message).toMatch(
      /declares the iteration variable "t", but the loop passes i\. Pass it: this\.loopStep\(\{ …, t \}\)/,
    )
  })
})

describe('a block on the wrong side of a loop', () => {
  test('is refused outside of one if it has nothing but a loop step', async () => {
    const blocks = SequentialPipelineBlocks.fromBlocksDict({ a: Increment, b: IncrementStep })
    const error = await onlyIssue(LoopBlockOutsideLoopError, () => blocks.initPipeline())
    expect(error.path).toEqual(['b'])
    expect(error.message).toMatch(
      /^b: IncrementStep has a @LoopStep\(\) and no run\(\), so it works only inside a Loop/,
    )
  })

  test('is refused inside of one if it has no loop step', async () => {
    const inner = SequentialPipelineBlocks.fromBlocksDict({ deep: Increment })
    const found = await issues(() => Repeat.fromBlocksDict({ a: Increment, inner }).validate())
    expect(found).toMatchObject([{ path: ['a'] }, { path: ['inner', 'deep'] }])
    expect(found.every(issue => issue instanceof MissingLoopStepError)).toBe(true)
    expect(found[0]?.message).toMatch(/^a: Increment is part of a loop, but has no method marked with @LoopStep\(\)/)
  })

  test('works on both sides if it has a run() and a loop step, which may be one method', async () => {
    class Both extends ModularPipelineBlocks {
      @Input() @Output() x!: InOut<number>
      @LoopStep()
      run() {
        this.x += 1
      }
    }
    const blocks = SequentialPipelineBlocks.fromBlocksDict({ out: Both, loop: Repeat.fromBlocksDict({ in: Both }) })
    expect(await blocks.initPipeline()({ x: 0, numSteps: 3 }, { output: 'x' })).toBe(4)
  })

  test('is refused where a loop says not how it iterates', async () => {
    const blocks = LoopSequentialPipelineBlocks.fromBlocksDict({ a: IncrementStep })
    const error = await onlyIssue(NotImplementedError, () => blocks.validate())
    expect(error.message).toMatch(/LoopSequentialPipelineBlocks does not implement run\(\): iterate in it/)
  })

  test('is refused where a leaf says not what it does', async () => {
    class Idle extends ModularPipelineBlocks {}
    const error = await onlyIssue(NotImplementedError, () => new Idle().validate())
    expect(error.message).toMatch(/Idle does not implement run\(\)/)
  })

  test('cannot take a step by itself', async () => {
    class Exposed extends Repeat {
      step() {
        return this.loopStep({})
      }
    }
    await failure(NotImplementedError, () => new Exposed().step())
  })
})

describe('steps that are not awaited', () => {
  const slow = toy<{ x: number }>({
    inputs: ['x'],
    outputs: ['x'],
    body: async ({ x }) => {
      await null
      return { x: x + 1 }
    },
  })

  test('are refused when they would overlap', async () => {
    class Hasty extends LoopSequentialPipelineBlocks {
      @LoopStep() slow: BlockSource = slow
      async run() {
        for (let i = 0; i < 3; i++) this.loopStep({ i })
      }
    }
    const error = await failure(OverlappingLoopStepError, () => new Hasty().initPipeline()({ x: 1 }))
    expect(error.message).toMatch(/Write "await this\.loopStep\(…\)"/)
  })

  test('are refused when the loop would end before them', async () => {
    class Hasty extends LoopSequentialPipelineBlocks {
      @LoopStep() slow: BlockSource = slow
      run() {
        this.loopStep()
      }
    }
    await failure(OverlappingLoopStepError, () => new Hasty().initPipeline()({ x: 1 }))
  })

  test('leave nothing running behind the error', async () => {
    let finished = 0
    const counted = toy({
      body: async () => {
        await new Promise(resolve => setImmediate(resolve))
        finished++
      },
    })
    class Hasty extends LoopSequentialPipelineBlocks {
      @LoopStep() counted: BlockSource = counted
      async run() {
        this.loopStep()
        throw new Error('the loop has failed')
      }
    }
    await failure(OverlappingLoopStepError, () => new Hasty().initPipeline()())
    expect(finished).toBe(1)
  })
})
