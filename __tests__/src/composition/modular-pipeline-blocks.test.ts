import {
  BlockState,
  type Components,
  type InOut,
  Input,
  MissingInputError,
  MissingOutputError,
  ModularPipelineBlocks,
  NotImplementedError,
  NoWorkflowsError,
  Output,
  PipelineState,
} from '../../../src'
import { failure } from '../fixtures/failures'
import { Increment, required, toy } from '../fixtures/toy-blocks'

function stateOf(values: Readonly<Record<string, unknown>>, group?: string): PipelineState {
  const state = new PipelineState()
  for (const [name, value] of Object.entries(values)) state.set(name, value, group)
  return state
}

describe('getBlockState', () => {
  test('reads the inputs, with defaults for those that are absent', () => {
    const block = toy({ inputs: ['a', { name: 'b', default: 2 }, { name: 'c', default: 3 }, 'd'] })
    const blockState = block.getBlockState(stateOf({ a: 1, b: null, c: 0, other: 9 }))
    expect(BlockState.asDict(blockState)).toEqual({ a: 1, b: 2, c: 0, d: undefined })
  })

  test('names a required input that is absent, what is available, and the closest of it', async () => {
    const block = toy({ inputs: [{ ...required('promptEmbeds'), typeHint: 'Tensor' }] })
    const error = await failure(MissingInputError, () =>
      block.getBlockState(stateOf({ promptEmbed: 1, none: undefined })),
    )
    expect(error).toMatchObject({ input: 'promptEmbeds', available: ['promptEmbed'], nearest: 'promptEmbed' })
    expect(error.message).toMatch(/input "promptEmbeds" \(Tensor\) is required and has no value/)
  })

  test.each([[0], [false], [''], [[]]])('takes %j as given', value => {
    expect(toy({ inputs: [required('x')] }).getBlockState(stateOf({ x: value })).x).toBe(value)
  })

  test('lets a default satisfy a required input', () => {
    expect(toy({ inputs: [{ name: 'x', required: true, default: 1 }] }).getBlockState(new PipelineState()).x).toBe(1)
  })

  test('gives each call a default of its own', () => {
    const block = toy({ inputs: [{ name: 'list', default: [] }] })
    ;(block.getBlockState(new PipelineState()).list as unknown[]).push(1)
    expect(block.getBlockState(new PipelineState()).list).toEqual([])
  })

  test('lets a later declaration of a name fill in a value, but not erase one', () => {
    const block = toy({ inputs: ['x', { name: 'x', default: 5 }, 'x'] })
    expect(block.getBlockState(new PipelineState()).x).toBe(5)
  })

  test('gives the members of a group, and the group itself', () => {
    const block = toy({
      inputs: [
        { name: 'a', default: 1 },
        { name: null, kwargsType: 'g' },
      ],
    })
    const state = stateOf({ a: 2, b: 3, none: undefined }, 'g')
    expect(BlockState.asDict(block.getBlockState(state))).toEqual({ a: 2, b: 3, g: { a: 2, b: 3 } })
    expect(BlockState.asDict(block.getBlockState(new PipelineState()))).toEqual({ a: 1, g: {} })
  })
})

describe('setBlockState', () => {
  test('writes outputs with their group, also when they are nothing', () => {
    const state = new PipelineState()
    toy({ outputs: ['y', { name: 'z', kwargsType: 'g' }] }).setBlockState(
      state,
      new BlockState({ y: undefined, z: 2, scratch: 3 }),
    )
    expect(state.toObject()).toEqual({ values: { y: undefined, z: 2 }, kwargsMapping: { g: ['z'] } })
  })

  test('names an output that was not written', async () => {
    const block = toy({ outputs: ['images'] })
    const error = await failure(MissingOutputError, () => block.setBlockState(stateOf({ images: 1 }), new BlockState()))
    expect(error.output).toBe('images')
    expect(error.message).toMatch(/the declared output "images" was not written/)
  })

  test('writes inputs that were replaced, with their group, and no others', () => {
    const list = [1]
    const state = stateOf({ a: 1, list })
    const block = toy({ inputs: ['a', 'list', { name: 'b', kwargsType: 'g' }] })
    const blockState = block.getBlockState(state)
    blockState.b = 5
    block.setBlockState(state, blockState)
    expect(state.toObject()).toEqual({ values: { a: 1, list, b: 5 }, kwargsMapping: { g: ['b'] } })
    expect(state.get('list')).toBe(list)
  })

  test('writes the members of a group that were replaced', () => {
    const state = stateOf({ a: 1, b: 2 }, 'g')
    const block = toy({ inputs: [{ name: null, kwargsType: 'g' }] })
    const blockState = block.getBlockState(state)
    blockState.a = 10
    block.setBlockState(state, blockState)
    expect(state.get(['a', 'b'])).toEqual({ a: 10, b: 2 })
  })

  test('writes a default back, so that blocks after it find it', async () => {
    const state = await toy({ inputs: [{ name: 'x', default: 5 }] }).initPipeline()({ x: undefined })
    expect(state.get('x')).toBe(5)
  })
})

describe('groups of values', () => {
  const sum = () =>
    toy<{ g: Record<string, number> }>({
      inputs: [{ name: null, kwargsType: 'g' }],
      outputs: ['sum'],
      body: ({ g }) => ({ sum: Object.values(g).reduce((total, value) => total + value, 0) }),
    })

  test('hold what is passed as a map under the name of the group', async () => {
    const state = await sum().initPipeline()({ g: { a: 1, b: 2 } })
    expect(state.toObject()).toEqual({ values: { a: 1, b: 2, sum: 3 }, kwargsMapping: { g: ['a', 'b'] } })
  })

  test('hold what is passed by name for an input that belongs to the group', async () => {
    const reader = toy({
      inputs: [
        { name: 'a', kwargsType: 'g' },
        { name: null, kwargsType: 'g' },
      ],
      outputs: ['n'],
      body: ({ g }) => ({ n: g }),
    })
    expect(await reader.initPipeline()({ a: 5 }, { output: 'n' })).toEqual({ a: 5 })
    expect(await reader.initPipeline()({ g: { a: 6 } }, { output: 'n' })).toEqual({ a: 6 })
  })

  test('hold a value once that is declared twice', async () => {
    const twice = toy({
      inputs: [
        { name: 'a', kwargsType: 'g' },
        { name: 'a', kwargsType: 'g', default: 3 },
      ],
    })
    expect((await twice.initPipeline()({ a: 1 })).toObject()).toEqual({ values: { a: 1 }, kwargsMapping: { g: ['a'] } })
    const group = { name: null, kwargsType: 'g' }
    const other = toy({ inputs: ['a', { name: 'a', kwargsType: 'g', default: 3 }, group] })
    expect((await other.initPipeline()({ a: 1, g: { b: 2 } })).toObject().kwargsMapping).toEqual({ g: ['b'] })
  })

  test('are empty maps when there is nothing in them', async () => {
    expect(await sum().initPipeline()({}, { output: 'sum' })).toBe(0)
  })
})

describe('a leaf', () => {
  test('derives names from its declarations', () => {
    const block = toy({ inputs: ['a', required('b'), { name: null, kwargsType: 'g' }], outputs: ['c'] })
    expect(block.inputNames).toEqual(['a', 'b'])
    expect(block.requiredInputs).toEqual(['b'])
    expect(block.intermediateOutputNames).toEqual(['c'])
    expect(block.outputNames).toEqual(['c'])
    expect(block.componentNames).toEqual([])
  })

  test('has no workflows and no blocks to choose among', async () => {
    await failure(NoWorkflowsError, () => new Increment().availableWorkflows)
    await failure(NoWorkflowsError, () => new Increment().getWorkflow('text2image'))
    await failure(NotImplementedError, () => new Increment().getExecutionBlocks())
  })

  test('may work on the state itself, in place of run()', async () => {
    class Direct extends ModularPipelineBlocks {
      override get intermediateOutputs() {
        return []
      }
      override call(_: Components, state: PipelineState) {
        state.set('anything', 1)
      }
    }
    expect((await new Direct().initPipeline()()).get('anything')).toBe(1)
  })

  test('may be run by its subclass', async () => {
    class Twice extends Increment {
      override run() {
        super.run()
        super.run()
      }
    }
    expect(await new Twice().initPipeline()({ x: 1 }, { output: 'x' })).toBe(3)
  })

  test('leaves a state with its inputs and outputs and nothing else', async () => {
    class Scratch extends ModularPipelineBlocks {
      @Input() @Output() x!: InOut<number>
      readonly factor = 3

      run() {
        const scratch = this.triple(this.x)
        this.x = scratch
      }

      private triple(value: number) {
        return value * this.factor
      }
    }
    expect((await new Scratch().initPipeline()({ x: 2 })).toObject()).toEqual({ values: { x: 6 }, kwargsMapping: {} })
  })
})

test('a copy of a block is of its class, and a change of one is not seen in the other', () => {
  class Settable extends Increment {
    by = 1
  }
  const block = new Settable()
  const copy = block.clone()
  copy.by = 5
  expect(copy).toBeInstanceOf(Settable)
  expect(block.by).toBe(1)
})
