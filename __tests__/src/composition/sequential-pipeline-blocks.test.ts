import {
  Block,
  CompositionError,
  InputParam,
  LoopSequentialPipelineBlocks,
  LoopStep,
  ModularPipelineBlocks,
  SequentialPipelineBlocks,
  Step,
} from '../../../src'
import { failure } from '../fixtures/failures'
import { Double, Increment, IncrementStep, Repeat, required, toy } from '../fixtures/toy-blocks'

@Block({ description: 'Increments, then doubles.' })
class Pair extends SequentialPipelineBlocks {
  @Step() increment = Increment
  @Step() double = Double
}

const inputsOf = (block: ModularPipelineBlocks) =>
  block.inputs.map(({ name, required, default: value }) => [name, required, value])

describe('a sequence', () => {
  test('runs its parts in the order of its fields', async () => {
    expect([...new Pair().subBlocks.keys()]).toEqual(['increment', 'double'])
    expect(await new Pair().initPipeline()({ x: 3 }, { output: 'x' })).toBe(8)
  })

  test('makes its parts once', () => {
    const pair = new Pair()
    expect(pair.subBlocks.get('double')).toBe(pair.subBlocks.get('double'))
    expect(pair.subBlocks.get('double')).toBeInstanceOf(Double)
    expect(new Pair().subBlocks.get('double')).not.toBe(pair.subBlocks.get('double'))
  })

  test('takes what its parts take and no earlier one writes; the first declaration stands', () => {
    const blocks = SequentialPipelineBlocks.fromBlocksDict({
      first: toy({ inputs: [{ name: 'a', default: 1 }, 'b'], outputs: ['c'] }),
      second: toy({ inputs: [{ name: 'a', default: 2, required: true }, required('b'), 'c', 'd'], outputs: ['e'] }),
    })
    expect(inputsOf(blocks)).toEqual([
      ['a', false, 1],
      ['b', false, undefined],
      ['d', false, undefined],
    ])
    expect(blocks.requiredInputs).toEqual(['a', 'b'])
    expect(blocks.intermediateOutputNames).toEqual(['c', 'e'])
    expect(blocks.outputNames).toEqual(['c', 'e'])
  })

  test('lists the first group alone, as the reference does', () => {
    const group = (kwargsType: string) => toy({ inputs: [{ name: null, kwargsType }] })
    const blocks = SequentialPipelineBlocks.fromBlocksDict({ a: group('one'), b: group('two') })
    expect(blocks.inputs.map(input => input.kwargsType)).toEqual(['one'])
  })

  test('keeps the place of an output, and prefers the declaration that is tagged', () => {
    const blocks = SequentialPipelineBlocks.fromBlocksDict({
      a: toy({ outputs: ['x', { name: 'y', description: 'first' }] }),
      b: toy({
        outputs: [
          { name: 'x', kwargsType: 'g' },
          { name: 'y', description: 'second' },
        ],
      }),
      c: toy({ outputs: [{ name: 'x', kwargsType: 'h' }] }),
    })
    expect(blocks.intermediateOutputs).toMatchObject([
      { name: 'x', kwargsType: 'g' },
      { name: 'y', description: 'first' },
    ])
  })

  test('is of the family of its first part that has one', () => {
    @Block({ modelName: 'stable-diffusion' })
    class Member extends Increment {}
    expect(new Pair().modelName).toBeUndefined()
    expect(SequentialPipelineBlocks.fromBlocksDict({ a: Increment, b: Member }).modelName).toBe('stable-diffusion')
  })

  test('is of the family that it says, whatever its parts say', () => {
    @Block({ modelName: 'stable-diffusion' })
    class Member extends Increment {}
    @Block({ modelName: 'other' })
    class Other extends SequentialPipelineBlocks {
      @Step() first = Member
    }
    class Derived extends Other {
      @Step() second = Increment
    }
    expect([new Other().modelName, new Derived().modelName]).toEqual(['other', 'other'])
    expect(new Other().insert('third', Member).modelName).toBe('other')
  })

  test('may be empty', async () => {
    const empty = SequentialPipelineBlocks.fromBlocksDict({})
    expect([empty.inputs, empty.requiredInputs, empty.outputs, empty.modelName]).toEqual([[], [], [], undefined])
    expect((await empty.initPipeline()()).toObject().values).toEqual({})
    expect(empty.getExecutionBlocks().subBlocks.size).toBe(0)
  })

  test('holds any kind of block, to any depth', async () => {
    const loop = Repeat.fromBlocksDict({ add: IncrementStep })
    const inner = SequentialPipelineBlocks.fromBlocksDict({ pair: Pair, loop })
    const outer = SequentialPipelineBlocks.fromBlocksDict({ inner, again: inner, last: Increment })
    expect(inputsOf(outer)).toEqual([
      ['x', true, undefined],
      ['numSteps', true, undefined],
    ])
    expect(await outer.initPipeline()({ x: 1, numSteps: 2 }, { output: 'x' })).toBe(((1 + 1) * 2 + 2 + 1) * 2 + 2 + 1)
  })
})

describe('a subclass', () => {
  test('swaps a part in its place, and adds others at the end', async () => {
    class Triple extends Increment {
      override run() {
        this.x *= 3
      }
    }
    class Changed extends Pair {
      @Step() override increment = Triple
      @Step() last = Increment
    }
    expect([...new Changed().subBlocks].map(([name, block]) => [name, block.constructor.name])).toEqual([
      ['increment', 'Triple'],
      ['double', 'Double'],
      ['last', 'Increment'],
    ])
    expect(await new Changed().initPipeline()({ x: 2 }, { output: 'x' })).toBe(13)
    expect(new Pair().subBlocks.get('increment')).toBeInstanceOf(Increment)
    expect(new Pair().subBlocks.size).toBe(2)
  })

  test('swaps a part by an initialiser alone', () => {
    class Quadruple extends Double {}
    class Changed extends Pair {
      override double = Quadruple
    }
    expect([...new Changed().subBlocks.values()].map(block => block.constructor)).toEqual([Increment, Quadruple])
  })

  test('may name its parts itself, as instances or classes', async () => {
    const shared = new Increment()
    class Listed extends SequentialPipelineBlocks {
      protected override get blockClasses() {
        return [shared, Double]
      }
      protected override get blockNames() {
        return ['one', 'two']
      }
    }
    expect([...new Listed().subBlocks.keys()]).toEqual(['one', 'two'])
    expect(new Listed().subBlocks.get('one')).toBe(shared)
    expect(await new Listed().initPipeline()({ x: 0 }, { output: 'x' })).toBe(2)
  })
})

describe('fromBlocksDict', () => {
  test('mixes classes and instances, with a description of its own', () => {
    const instance = new Increment()
    const blocks = Pair.fromBlocksDict({ a: instance, b: Increment }, { description: 'Adds two.' })
    expect(blocks).toBeInstanceOf(Pair)
    expect(blocks.subBlocks.get('a')).toBe(instance)
    expect(blocks.subBlocks.get('b')).toBeInstanceOf(Increment)
    expect(blocks.description).toBe('Adds two.')
    expect(blocks.doc).toContain('  Adds two.')
    expect(blocks.clone().description).toBe('Adds two.')
    expect(Pair.fromBlocksDict({ a: Increment }).description).toBe('Increments, then doubles.')
  })

  test('is there for every kind of composite', () => {
    expect(Repeat.fromBlocksDict({ a: IncrementStep, b: new IncrementStep() }).subBlocks.size).toBe(2)
  })

  test('names an entry that holds nothing', async () => {
    const parts = { a: Increment, b: undefined as unknown as typeof Increment }
    const error = await failure(CompositionError, () => SequentialPipelineBlocks.fromBlocksDict(parts))
    expect(error.message).toMatch(/^SequentialPipelineBlocks: "b" is not a block: .* import each other/)
  })
})

describe('changing the parts', () => {
  test('of a copy leaves the original as it is', async () => {
    const pair = new Pair()
    const [longer, shorter, other] = [
      pair.insert('first', Double, 0),
      pair.remove('double'),
      pair.replace('double', new Increment()),
    ]
    expect([...longer.subBlocks.keys()]).toEqual(['first', 'increment', 'double'])
    expect([...pair.insert('last', Double).subBlocks.keys()]).toEqual(['increment', 'double', 'last'])
    expect([...shorter.subBlocks.keys()]).toEqual(['increment'])
    expect([...other.subBlocks.values()].map(block => block.constructor)).toEqual([Increment, Increment])
    expect([...pair.subBlocks.values()].map(block => block.constructor)).toEqual([Increment, Double])
    expect(longer).toBeInstanceOf(Pair)
    const results = await Promise.all(
      [pair, longer, shorter, other].map(b => b.initPipeline()({ x: 2 }, { output: 'x' })),
    )
    expect(results).toEqual([6, 10, 3, 4])
  })

  test('in place changes what follows from them at once', () => {
    const pair = new Pair()
    pair.subBlocks.insert('scale', toy({ inputs: [required('factor')], outputs: ['scaled'] }), 0)
    expect(pair.inputNames).toEqual(['factor', 'x'])
    expect(pair.outputNames).toEqual(['scaled', 'x'])
    expect(pair.doc).toContain('factor')
    pair.subBlocks.pop('scale')
    expect(pair.inputNames).toEqual(['x'])
  })

  test('changes no pipeline, neither before nor after it was made', async () => {
    const pair = new Pair()
    const pipe = pair.initPipeline()
    pair.subBlocks.pop('double')
    ;(pipe.blocks as Pair).subBlocks.clear()
    expect(await pipe({ x: 1 }, { output: 'x' })).toBe(4)
    expect(pipe.blocks).not.toBe(pipe.blocks)
  })

  test('names the parts there are when asked for another', async () => {
    const pair = new Pair()
    for (const edit of [() => pair.remove('decode'), () => pair.replace('decode', Increment)]) {
      const error = await failure(CompositionError, edit)
      expect(error.message).toBe('Pair: there is no block "decode"; there are increment, double.')
    }
  })

  test('reaches parts of parts', async () => {
    const outer = SequentialPipelineBlocks.fromBlocksDict({ pair: new Pair() })
    const copy = outer.clone()
    copy.subBlocks.get('pair')?.subBlocks.pop('double')
    expect(outer.subBlocks.get('pair')?.subBlocks.size).toBe(2)
    expect(await copy.initPipeline()({ x: 1 }, { output: 'x' })).toBe(2)
  })
})

describe('construction', () => {
  test('refuses names and classes that do not pair up', async () => {
    class Uneven extends SequentialPipelineBlocks {
      protected override get blockClasses() {
        return [Increment]
      }
      protected override get blockNames() {
        return ['a', 'b']
      }
    }
    const error = await failure(CompositionError, () => new Uneven().subBlocks)
    expect(error.message).toBe(
      'Uneven: blockNames and blockClasses must be of the same length, but there are 2 names and 1 classes.',
    )
  })

  test('refuses a field that was given no block', async () => {
    class Empty extends SequentialPipelineBlocks {
      @Step() decode!: typeof Increment
    }
    const error = await failure(CompositionError, () => new Empty().inputs)
    expect(error.message).toMatch(/^Empty: "decode" is not a block/)
  })

  test('lets the later of two parts of one name stand, in the place of the first', () => {
    class Listed extends SequentialPipelineBlocks {
      protected override get blockClasses() {
        return [Increment, Double, toy({ name: 'Last' })]
      }
      protected override get blockNames() {
        return ['a', 'b', 'a']
      }
    }
    expect([...new Listed().subBlocks].map(([name, block]) => [name, block.constructor.name])).toEqual([
      ['a', 'Last'],
      ['b', 'Double'],
    ])
  })
})

describe('marking inputs', () => {
  test('never changes what a part declares', () => {
    const input = new InputParam({ name: 'x' })
    class Reader extends ModularPipelineBlocks {
      override get inputs() {
        return [input]
      }
      @LoopStep()
      step() {}
    }
    class Needy extends LoopSequentialPipelineBlocks {
      @LoopStep() reader = Reader
      @LoopStep() other = toy({ inputs: [required('x')] })
    }
    expect(new Needy().inputs).toMatchObject([
      { name: 'x', required: true },
      { name: 'x', required: true },
    ])
    expect(input.required).toBe(false)
  })
})
