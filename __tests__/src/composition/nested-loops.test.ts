/** Loops whose steps are sequences, choices and further loops. */
import {
  AutoPipelineBlocks,
  type BlockSource,
  Branch,
  type In,
  Input,
  InputParam,
  type IterationVariables,
  LoopSequentialPipelineBlocks,
  LoopStep,
  MissingInputError,
  SequentialPipelineBlocks,
  Step,
} from '../../../src'
import { failure } from '../fixtures/failures'
import { IncrementStep, Repeat, required, toy } from '../fixtures/toy-blocks'

/** Collects what it sees of the iteration variables. */
const spy = (name = 'seen') =>
  toy({
    inputs: [name],
    outputs: [name],
    body: (values, variables) => ({ [name]: [...((values[name] as unknown[] | undefined) ?? []), { ...variables }] }),
  })

const repeat = (blocks: Record<string, BlockSource>) => Repeat.fromBlocksDict(blocks).initPipeline()

describe('a loop that holds composites', () => {
  /** Appends its name and the step to a log. */
  const log = (name: string, inputs: readonly (string | { name: string; default: unknown })[] = []) =>
    toy({
      name,
      inputs: ['log', ...inputs],
      outputs: ['log'],
      body: (values, variables) => {
        const shown = inputs.map(input => values[typeof input === 'string' ? input : input.name])
        const entry = [name, ...Object.values(variables), ...shown].join(':')
        return { log: [...((values.log as string[] | undefined) ?? []), entry] }
      },
    })

  test('runs the parts of a sequence in each iteration', async () => {
    const pair = SequentialPipelineBlocks.fromBlocksDict({ a: log('a'), b: log('b') })
    expect(await repeat({ pair, c: log('c') })({ numSteps: 2 }, { output: 'log' })).toEqual([
      'a:0',
      'b:0',
      'c:0',
      'a:1',
      'b:1',
      'c:1',
    ])
  })

  test('needs nothing from outside that a sequence makes for itself', async () => {
    const make = toy({ outputs: ['y'], body: () => ({ y: 5 }) })
    const use = toy({ inputs: [required('y')], outputs: ['z'], body: ({ y }) => ({ z: y }) })
    const peek = toy({ inputs: ['y'] })
    const pair = SequentialPipelineBlocks.fromBlocksDict({ make, use })
    expect(await repeat({ peek, pair })({ numSteps: 1 }, { output: 'z' })).toBe(5)
  })

  test('applies the defaults of a sequence as a sequence does', async () => {
    const pair = SequentialPipelineBlocks.fromBlocksDict({
      a: log('a', ['s']),
      b: log('b', [{ name: 's', default: 7 }]),
    })
    expect(await repeat({ pair })({ numSteps: 1 }, { output: 'log' })).toEqual(['a:0:', 'b:0:7'])
  })

  class Choice extends AutoPipelineBlocks {
    @Branch({ when: 'image' }) img2img: BlockSource = log('img2img', [{ name: 'strength', default: 0.3 }, 'image'])
    @Branch({ otherwise: true }) text2img: BlockSource = log('text2img', [{ name: 'strength', default: 0.9 }])
  }

  test('chooses a branch in each iteration, with the defaults of that branch', async () => {
    const pipe = repeat({ choice: Choice })
    expect(await pipe({ numSteps: 1 }, { output: 'log' })).toEqual(['text2img:0:0.9'])
    expect(await pipe({ numSteps: 1, image: 'cat' }, { output: 'log' })).toEqual(['img2img:0:0.3:cat'])
    expect(await pipe({ numSteps: 1, strength: 0.5 }, { output: 'log' })).toEqual(['text2img:0:0.5'])
  })

  test('chooses again when a part makes the trigger', async () => {
    const make = toy({ outputs: ['image'], body: () => ({ image: 'made' }) })
    expect(await repeat({ choice: Choice, make })({ numSteps: 2 }, { output: 'log' })).toEqual([
      'text2img:0:0.9',
      'img2img:1:0.9:made',
    ])
  })

  test('finds a trigger in the state that only blocks before the loop know of', async () => {
    class Blind extends AutoPipelineBlocks {
      @Branch({ when: 'mask' }) masked: BlockSource = log('masked')
      @Branch() plain: BlockSource = log('plain')
    }
    const before = toy({ outputs: ['mask'], body: () => ({ mask: 1 }) })
    const loop = Repeat.fromBlocksDict({ choice: Blind })
    const blocks = SequentialPipelineBlocks.fromBlocksDict({ before, loop })
    expect(await blocks.initPipeline()({ numSteps: 1 }, { output: 'log' })).toEqual(['masked:0'])
  })

  test('asks for what the chosen branch requires, and for nothing of the others', async () => {
    class Strict extends AutoPipelineBlocks {
      @Branch({ when: 'image' }) a: BlockSource = toy({ inputs: [required('image'), required('scale')] })
      @Branch() b: BlockSource = toy({})
    }
    const pipe = repeat({ strict: Strict })
    await pipe({ numSteps: 1 })
    await pipe({ numSteps: 0, image: 1 })
    const error = await failure(MissingInputError, () => pipe({ numSteps: 1, image: 1 }))
    expect(error).toMatchObject({ input: 'scale', path: ['[step 1 of 1]', 'strict', 'a'] })
  })

  test('may skip a choice, and then keeps what was there', async () => {
    class Optional extends AutoPipelineBlocks {
      @Branch({ when: 'image' }) encode: BlockSource = toy({
        inputs: ['image'],
        outputs: ['y'],
        body: () => ({ y: 'encoded' }),
      })
    }
    const use = toy({ inputs: [required('y')], outputs: ['z'], body: ({ y }) => ({ z: y }) })
    const pipe = repeat({ optional: Optional, use })
    expect(await pipe({ numSteps: 1, image: 1 }, { output: 'z' })).toBe('encoded')
    expect(await pipe({ numSteps: 1, y: 'given' }, { output: 'z' })).toBe('given')
    expect((await failure(MissingInputError, () => pipe({ numSteps: 1 }))).path).toEqual(['[step 1 of 1]', 'use'])
    await repeat({ optional: Optional })({ numSteps: 2 })
  })

  test('runs a loop inside, whose parts see the iteration variables of both', async () => {
    class Rows extends LoopSequentialPipelineBlocks {
      @Input() rows!: In<number>
      async run() {
        for (let row = 0; row < this.rows; row++) await this.loopStep({ row })
      }
    }
    class Columns extends LoopSequentialPipelineBlocks {
      @Input({ default: 2 }) columns!: In<number>
      async run({ row }: { row: number }) {
        for (let column = row; column < this.columns; column++) await this.loopStep({ column })
      }
    }
    const inner = Columns.fromBlocksDict({ log: log('cell') })
    const pair = SequentialPipelineBlocks.fromBlocksDict({ inner, after: log('after') })
    const pipe = Rows.fromBlocksDict({ pair }).initPipeline()
    expect(await pipe({ rows: 2 }, { output: 'log' })).toEqual([
      'cell:0:0',
      'cell:0:1',
      'after:0',
      'cell:1:1',
      'after:1',
    ])
    expect(pipe.blocks.inputNames).toEqual(['rows', 'columns', 'log'])
  })

  test('lets an inner variable stand before an outer one of the same name', async () => {
    const inner = Repeat.fromBlocksDict({ spy: spy() })
    expect(await repeat({ inner })({ numSteps: 2 }, { output: 'seen' })).toEqual([
      { i: 0 },
      { i: 1 },
      { i: 0 },
      { i: 1 },
    ])
  })

  test('gives a loop in a branch the defaults of that branch', async () => {
    class Counted extends LoopSequentialPipelineBlocks {
      @LoopStep() add = IncrementStep
      constructor(private readonly steps: number) {
        super()
      }
      override get loopInputs() {
        return [new InputParam({ name: 'inner', default: this.steps })]
      }
      async run(_: IterationVariables) {
        const { inner } = this as unknown as { inner: number }
        for (let i = 0; i < inner; i++) await this.loopStep({ i })
      }
    }
    class Fast extends AutoPipelineBlocks {
      @Branch({ when: 'fast' }) few: BlockSource = SequentialPipelineBlocks.fromBlocksDict({
        loop: new Counted(1),
        read: toy({ inputs: ['fast'] }),
      })
      @Branch() many: BlockSource = new Counted(10)
    }
    const pipe = repeat({ choice: Fast })
    expect(await pipe({ x: 0, numSteps: 2 }, { output: 'x' })).toBe(20)
    expect(await pipe({ x: 0, numSteps: 2, fast: true }, { output: 'x' })).toBe(2)
  })

  test('may hold an empty sequence', async () => {
    expect(
      await repeat({ a: IncrementStep, none: SequentialPipelineBlocks.fromBlocksDict({}) })(
        { x: 0, numSteps: 2 },
        { output: 'x' },
      ),
    ).toBe(2)
  })

  test('may itself be a part of a subclass that swaps another', async () => {
    class Base extends Repeat {
      @LoopStep() add: BlockSource = IncrementStep
    }
    class Swapped extends Base {
      @LoopStep() override add: BlockSource = toy<{ x: number }>({
        inputs: ['x'],
        outputs: ['x'],
        body: ({ x }) => ({ x: x * 2 }),
      })
    }
    class Outer extends SequentialPipelineBlocks {
      @Step() loop: BlockSource = Swapped
    }
    expect(await new Outer().initPipeline()({ x: 1, numSteps: 3 }, { output: 'x' })).toBe(8)
    expect(await new Base().initPipeline()({ x: 1, numSteps: 3 }, { output: 'x' })).toBe(4)
  })
})
