import {
  AutoPipelineBlocks,
  type BlockSource,
  Branch,
  Component,
  ComponentSpec,
  type Components,
  Config,
  ConfigSpec,
  LoopSequentialPipelineBlocks,
  LoopStep,
  MissingComponentError,
  MissingOutputError,
  ModularPipelineBlocks,
  type Out,
  Output,
  OutputParam,
  type PipelineState,
  SequentialPipelineBlocks,
} from '../../../src'
import { failure } from '../fixtures/failures'
import { Repeat, toy } from '../fixtures/toy-blocks'

class Amount {
  constructor(readonly value: number) {}
  static fromConfig({ value }: Readonly<Record<string, unknown>>): Amount {
    return new Amount(value as number)
  }
}

describe('what call() is given', () => {
  class Direct extends ModularPipelineBlocks {
    constructor(private readonly read: (components: Components) => unknown) {
      super()
    }
    override get expectedComponents() {
      return [new ComponentSpec({ name: 'amount', typeHint: Amount, config: { value: 5 } })]
    }
    override get expectedConfigs() {
      return [new ConfigSpec({ name: 'flag', default: 'set' })]
    }
    override get intermediateOutputs() {
      return [new OutputParam({ name: 'seen' })]
    }
    override call(components: Components, state: PipelineState) {
      state.set('seen', this.read(components))
    }
  }
  const see = (read: (components: Components) => unknown) => {
    const direct = new Direct(read)
    return SequentialPipelineBlocks.fromBlocksDict({ direct }).initPipeline()({}, { output: 'seen' })
  }

  test('has the components and settings of the pipeline by name', async () => {
    expect(await see(components => [(components.amount as Amount).value, components.flag])).toEqual([5, 'set'])
    expect(await see(components => [components.get<Amount>('amount').value, components.get('flag')])).toEqual([
      5,
      'set',
    ])
  })

  test('names a component that is not there, with the block that asks', async () => {
    const error = await failure(MissingComponentError, () => see(components => components.get('vae')))
    expect(error).toMatchObject({ component: 'vae', path: ['direct'] })
    expect(error.message).toContain('the pipeline has "amount"')
  })
})

describe('the components and settings of a loop', () => {
  test('are there in its run(), under the names of its fields', async () => {
    class Sum extends LoopSequentialPipelineBlocks {
      @Component(Amount, { name: 'amount', config: { value: 5 } }) step!: Amount
      @Config({ default: 3 }) times!: number
      @Output() sum!: Out<number>
      @LoopStep() part: BlockSource = toy({})

      async run() {
        this.sum = 0
        for (let i = 0; i < this.times; i++) {
          await this.loopStep({ i })
          this.sum += this.step.value
        }
      }
    }
    const pipe = new Sum().initPipeline()
    expect(await pipe({}, { output: 'sum' })).toBe(15)
    expect(Object.keys(pipe.components)).toEqual(['amount'])
  })
})

describe('an output that only a choice in a loop writes', () => {
  const branch = (outputs: string[]) =>
    toy({ inputs: ['image'], outputs, body: () => Object.fromEntries(outputs.map(name => [name, 1])) })

  test('may be missing where not every branch writes it', async () => {
    class Some extends AutoPipelineBlocks {
      @Branch({ when: 'image' }) a: BlockSource = branch(['x', 'y'])
      @Branch() b: BlockSource = branch(['x'])
    }
    const pipe = Repeat.fromBlocksDict({ some: Some }).initPipeline()
    expect(await pipe({ numSteps: 1 }, { output: ['x', 'y'] })).toEqual({ x: 1, y: undefined })
    expect(await pipe({ numSteps: 1, image: 1 }, { output: ['x', 'y'] })).toEqual({ x: 1, y: 1 })
    expect((await failure(MissingOutputError, () => pipe({ numSteps: 0 }))).output).toBe('x')
  })
})
