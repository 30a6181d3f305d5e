import {
  InputParam,
  LoopSequentialPipelineBlocks,
  ModularPipelineBlocks,
  OutputParam,
  SequentialPipelineBlocks,
} from '../../../src'
import { catchWarnings } from '../fixtures/emitted-warnings'
import { required } from '../fixtures/toy-blocks'

/** Tags what becomes of `a`, and leaves `b` untagged. */
class Producer extends ModularPipelineBlocks {
  override get inputs() {
    return [new InputParam(required('a')), new InputParam(required('b'))]
  }
  override get intermediateOutputs() {
    return [new OutputParam({ name: 'a', kwargsType: 'fields' }), new OutputParam({ name: 'b' })]
  }
  run() {
    const values = this as unknown as Record<string, string> // As a block of the reference's form sees them.
    for (const name of ['a', 'b']) values[name] = `${values[name]} of the producer`
  }
}

/** Tells what of the group and what by name reaches it. */
class Consumer extends ModularPipelineBlocks {
  override get inputs() {
    return [new InputParam({ name: null, kwargsType: 'fields' }), new InputParam({ name: 'b' })]
  }
  override get intermediateOutputs() {
    return ['receivedFields', 'receivedA', 'receivedB'].map(name => new OutputParam({ name }))
  }
  run() {
    const values = this as unknown as Record<string, unknown> // As above.
    const fields = values['fields'] as Record<string, unknown>
    values['receivedFields'] = fields
    values['receivedA'] = fields['a']
    values['receivedB'] = values['b']
  }
}

const received = ['receivedFields', 'receivedA', 'receivedB'] as const
const both = () => SequentialPipelineBlocks.fromBlocksDict({ producer: Producer, consumer: Consumer })

describe('a group of inputs', () => {
  test('holds what a block tags, and what is not tagged comes by its name', async () => {
    expect(await both().initPipeline()({ a: 'x', b: 'y' }, { output: received })).toEqual({
      receivedFields: { a: 'x of the producer' },
      receivedA: 'x of the producer',
      receivedB: 'y of the producer',
    })
  })

  test('does not hold what a caller passes by name and no input tags', async () => {
    const warnings = catchWarnings()
    expect(await new Consumer().initPipeline().run({ a: 'x', b: 'y' }, { output: received })).toEqual({
      receivedFields: {},
      receivedA: undefined,
      receivedB: 'y',
    })
    expect(warnings()).toEqual([expect.stringContaining('UNKNOWN_INPUT: "a" is not an input of this pipeline')])
  })

  test('holds what a caller passes in a map under its name', async () => {
    const pipe = new Consumer().initPipeline()
    expect(await pipe.run({ fields: { a: 'x' } }, { output: received })).toEqual({
      receivedFields: { a: 'x' },
      receivedA: 'x',
      receivedB: undefined,
    })
  })

  test('is an input without a name beside those that have one, and is documented', () => {
    const pipe = both().initPipeline()
    expect(pipe.blocks.inputNames).toEqual(['a', 'b'])
    expect(pipe.blocks.inputs.flatMap(input => (input.name === null ? [input.kwargsType] : []))).toEqual(['fields'])
    expect(pipe.doc).toContain('**fields')
  })

  test('continues from one pipeline to the next, as a map or with the state', async () => {
    const state = await new Producer().initPipeline().run({ a: 'x', b: 'y' }, {})
    const { getByKwargs } = state as { getByKwargs(group: string): Record<string, unknown> }
    const fields = getByKwargs.call(state, 'fields')
    const consumer = new Consumer().initPipeline()
    expect(await consumer.run({ fields }, { output: 'receivedFields' })).toEqual({ a: 'x of the producer' })
    expect(await consumer.run({}, { state: state as never, output: 'receivedFields' })).toEqual({
      a: 'x of the producer',
    })
  })
})

describe('a group in a loop', () => {
  /** Tags a value in every iteration but the last, in which it takes the value away. */
  class Writer extends ModularPipelineBlocks {
    override get intermediateOutputs() {
      return [new OutputParam({ name: 'c', kwargsType: 'fields' })]
    }
    override call(components: unknown, blockState: Record<string, unknown>, { i }: { i?: number } = {}) {
      blockState['c'] = i === 2 ? undefined : i
      return [components, blockState] as never
    }
  }
  class Reader extends ModularPipelineBlocks {
    override get inputs() {
      return [new InputParam({ name: null, kwargsType: 'fields' })]
    }
    override get intermediateOutputs() {
      return [new OutputParam({ name: 'seen' })]
    }
    override call(components: unknown, blockState: Record<string, unknown>) {
      const seen = (blockState['seen'] as unknown[] | undefined) ?? []
      blockState['seen'] = [...seen, { ...(blockState['fields'] as object) }]
      return [components, blockState] as never
    }
  }
  class Loop extends LoopSequentialPipelineBlocks {
    async run() {
      for (let i = 0; i < 3; i++) await this.loopStep({ i })
    }
  }

  test('holds what earlier parts of an iteration have tagged', async () => {
    const loop = Loop.fromBlocksDict({ writer: Writer, reader: Reader })
    const blocks = SequentialPipelineBlocks.fromBlocksDict({ producer: Producer, loop })
    expect(await blocks.initPipeline()({ a: 'x', b: 'y' }, { output: 'seen' })).toEqual([
      { a: 'x of the producer', c: 0 },
      { a: 'x of the producer', c: 1 },
      { a: 'x of the producer' },
    ])
  })
})

test('the values that a caller may leave out are reported by name', () => {
  class Draw extends ModularPipelineBlocks {
    override get inputs() {
      return [
        new InputParam(required('prompt')),
        new InputParam({ name: 'steps', default: 50 }),
        new InputParam({ name: 'sizes', default: [1, 2] }),
        new InputParam({ name: null, kwargsType: 'fields' }),
      ]
    }
    run() {}
  }
  const pipe = new Draw().initPipeline()
  expect(pipe.defaultCallParameters).toEqual({ prompt: undefined, steps: 50, sizes: [1, 2] })
  const sizes = pipe.defaultCallParameters['sizes'] as number[]
  sizes.push(3)
  expect(pipe.defaultCallParameters['sizes']).toEqual([1, 2])
})
