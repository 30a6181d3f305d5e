import {
  AutoPipelineBlocks,
  BlockExecutionError,
  type BlockSource,
  Branch,
  LoopSequentialPipelineBlocks,
  LoopStep,
  MissingInputError,
  MissingOutputError,
  ModularPipelineBlocks,
  type Out,
  Output,
  PipelineValidationError,
  SequentialPipelineBlocks,
} from '../../../src'
import { failure } from '../fixtures/failures'
import { Increment, Repeat, required, toy } from '../fixtures/toy-blocks'

const cause = new RangeError('not enough memory')

const failing = (when: (values: Record<string, unknown>) => boolean = () => true) =>
  toy({
    name: 'Failing',
    inputs: ['x'],
    body: values => {
      if (when(values)) throw cause
    },
  })

const failingLater = toy({
  name: 'FailingLater',
  body: async () => {
    await null
    throw cause
  },
})

class Choice extends AutoPipelineBlocks {
  @Branch({ otherwise: true }) taken: BlockSource = failing()
}

const sequence = (blocks: Record<string, BlockSource>) => SequentialPipelineBlocks.fromBlocksDict(blocks)

describe('what a block throws', () => {
  test.each([
    ['at the top', failing(), [], 'Failing', 'the pipeline (Failing) failed: not enough memory'],
    [
      'in a sequence',
      sequence({ a: Increment, b: failing() }),
      ['b'],
      'Failing',
      'b (Failing) failed: not enough memory',
    ],
    ['later', sequence({ b: failingLater }), ['b'], 'FailingLater', 'b (FailingLater) failed: not enough memory'],
    [
      'deep inside',
      sequence({ a: sequence({ b: Choice }) }),
      ['a', 'b', 'taken'],
      'Failing',
      'a > b > taken (Failing) failed',
    ],
  ])('%s is the cause of an error with the path to it', async (_, blocks, path, blockClass, message) => {
    const inputs = blocks.inputs.length > 0 ? { x: 1 } : {}
    const error = await failure(BlockExecutionError, () => blocks.initPipeline()(inputs))
    expect(error.cause).toBe(cause)
    expect(error).toMatchObject({ path, blockClass })
    expect(error.message).toContain(message)
  })

  test('in a loop comes with the step', async () => {
    const count = toy<{ x: number }>({ inputs: ['x'], outputs: ['x'], body: ({ x }) => ({ x: x + 1 }) })
    const loop = Repeat.fromBlocksDict({ count, inner: sequence({ fail: failing(({ x }) => x === 3) }) })
    const pipe = sequence({ denoise: loop }).initPipeline()
    const error = await failure(BlockExecutionError, () => pipe({ x: 0, numSteps: 5 }))
    expect(error.path).toEqual(['denoise[step 3 of 5]', 'inner', 'fail'])
    expect(error.cause).toBe(cause)
  })

  test('in a loop of unknown length comes with the step alone', async () => {
    class Endless extends LoopSequentialPipelineBlocks {
      @LoopStep() fail: BlockSource = failing()
      async run() {
        while (true) await this.loopStep()
      }
    }
    const error = await failure(BlockExecutionError, () => sequence({ denoise: Endless }).initPipeline()({ x: 1 }))
    expect(error.path).toEqual(['denoise[step 1]', 'fail'])
  })

  test('in a loop in a loop comes with both steps', async () => {
    const inner = Repeat.fromBlocksDict({ fail: failing() })
    const error = await failure(BlockExecutionError, () =>
      Repeat.fromBlocksDict({ inner }).initPipeline()({ x: 1, numSteps: 2 }),
    )
    expect(error.path).toEqual(['[step 1 of 2]', 'inner[step 1 of 2]', 'fail'])
  })

  test.each([['a string'], [undefined], [null]])('may be anything, such as %p', async thrown => {
    const blocks = toy({
      body: () => {
        throw thrown
      },
    })
    const error = await failure(BlockExecutionError, () => blocks.initPipeline()())
    expect(error.message).toBe(`the pipeline (Toy) failed: ${thrown}`)
  })

  test('can be caught by a loop, which then continues', async () => {
    class Retry extends LoopSequentialPipelineBlocks {
      @Output() attempts!: Out<number>
      @LoopStep() shaky: BlockSource = toy({
        inputs: ['x'],
        outputs: ['x'],
        body: (_, { attempt }) => {
          if ((attempt as number) < 2) throw cause
          return { x: 'done' }
        },
      })
      async run() {
        for (this.attempts = 0; ; this.attempts++) {
          try {
            return await this.loopStep({ attempt: this.attempts })
          } catch (error) {
            if (!(error instanceof BlockExecutionError)) throw error
          }
        }
      }
    }
    const blocks = sequence({ retry: Retry, after: failing() })
    const error = await failure(BlockExecutionError, () => blocks.initPipeline()())
    expect(error.path).toEqual(['after'])
    expect(await new Retry().initPipeline()({}, { output: ['x', 'attempts'] })).toEqual({ x: 'done', attempts: 2 })
  })
})

describe('a typed error', () => {
  test('that says where it arose is passed on as it is', async () => {
    class Forgetful extends ModularPipelineBlocks {
      @Output() images!: Out<string[]>
      run() {}
    }
    const error = await failure(MissingOutputError, () => sequence({ decode: Forgetful }).initPipeline()())
    expect(error).toMatchObject({ path: ['decode'], output: 'images' })
    expect(error.message).toBe(
      'decode: the declared output "images" was not written. Assign this.images in run() or in the loop step, or remove its @Output().',
    )
  })

  test('from a pipeline inside a block becomes the cause of one with the outer path', async () => {
    const inner = sequence({ deep: failing() }).initPipeline()
    const outer = sequence({ call: toy({ name: 'Caller', body: async () => void (await inner({ x: 1 })) }) })
    const error = await failure(BlockExecutionError, () => outer.initPipeline()())
    expect(error).toMatchObject({ path: ['call'], blockClass: 'Caller' })
    expect(error.cause).toMatchObject({ path: ['deep'], cause })
    expect(error.message).toBe('call (Caller) failed: deep (Failing) failed: not enough memory')
  })

  test('for a bad call of a pipeline inside a block does too', async () => {
    const inner = new Increment().initPipeline()
    const outer = sequence({ call: toy({ body: async () => void (await inner({})) }) })
    const error = await failure(BlockExecutionError, () => outer.initPipeline()())
    expect(error.path).toEqual(['call'])
    expect(error.cause).toBeInstanceOf(PipelineValidationError)
  })

  test('for an input that is missing after all names what is there and what would write it', async () => {
    const blocks = sequence({
      maybe: toy({ inputs: ['latents'], outputs: ['noise'], body: () => ({ noise: undefined }) }),
      use: toy({ inputs: [required('noise')] }),
    })
    const error = await failure(MissingInputError, () => blocks.initPipeline()({ latents: 1 }))
    expect(error).toMatchObject({ input: 'noise', path: ['use'], available: ['latents'] })
  })
})

test('a run that has failed does not disturb the next', async () => {
  const pipe = sequence({ a: failing(({ x }) => x === 1), b: Increment }).initPipeline()
  await failure(BlockExecutionError, () => pipe({ x: 1 }))
  expect(await pipe({ x: 2 }, { output: 'x' })).toBe(3)
})
