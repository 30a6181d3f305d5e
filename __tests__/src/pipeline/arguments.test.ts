/** What a caller gets who hands a pipeline, a block or a container something that it cannot use. */
import {
  Component,
  ComponentContainer,
  CompositionError,
  DeclarationError,
  type In,
  Input,
  InputTypeError,
  InvalidOutputError,
  ModularPipelineBlocks,
  type Out,
  Output,
  type PipelineEvent,
  PipelineState,
  SequentialPipelineBlocks,
} from '../../../src'

class Pen {
  constructor(readonly colour: string) {}
}

class Draw extends ModularPipelineBlocks {
  @Component(Pen) pen!: Pen
  @Output() area!: Out<number>

  run() {
    this.area = this.pen.colour.length
  }
}

const pipeline = () => {
  const container = ComponentContainer.create().register('pen', { useValue: new Pen('red') })
  return new Draw().initPipeline(undefined, { container })
}

test.each([null, 'red apple', ['red apple']])('refuses %p in the place of inputs by name', async inputs => {
  await expect(pipeline()(inputs as never)).rejects.toThrow(InputTypeError)
})

test.each([-(2n ** 63n) - 1n, 2n ** 64n, 2 ** 53, 1.5, Number.NaN, 'abc'])(
  'refuses the seed %p before the first block',
  async seed => {
    const error = (await pipeline()({}, { seed: seed as number }).catch((reason: unknown) => reason)) as InputTypeError
    expect(error).toBeInstanceOf(InputTypeError)
    expect(error.message).toContain('whole number from -2^63')
  },
)

test.each([
  ['options', null],
  ['options', ['images']],
  ['options', new PipelineState()],
  ['options', new AbortController().signal],
  ['state', { state: { values: {} } }],
  ['onEvent', { onEvent: 'log' }],
  ['signal', { signal: new AbortController() }],
])('refuses %s of the wrong kind before the first block', async (input, options) => {
  const refused = pipeline().run({}, options as never)
  await expect(refused).rejects.toMatchObject({
    code: 'INPUT_TYPE',
    input,
    message: expect.stringContaining(`: ${input === 'options' ? 'argument' : 'option'} "${input}" got `),
  })
  expect(() => pipeline().stream({}, options as never)).toThrow(InputTypeError)
})

test('refuses a state in the place of inputs, and names the option', async () => {
  await expect(pipeline()(new PipelineState() as never)).rejects.toThrow('pipe({}, { state })')
})

test.each([[[undefined]], [[5]]])('refuses the list of outputs %p', async output => {
  await expect(pipeline().run({}, { output } as never)).rejects.toThrow(InvalidOutputError)
})

test('names what a list of outputs holds beside names', async () => {
  const refused = pipeline().run({}, { output: ['area', 5] } as never)
  await expect(refused).rejects.toThrow('but is an array that holds the number 5.')
})

test.each(['red', [1], 5])('refuses %p in the place of a group of inputs', async colours => {
  class Mix extends ModularPipelineBlocks {
    @Input({ name: null }) colours!: In<Record<string, string>>
    run() {}
  }
  const error = new Mix().initPipeline()({ colours } as never)
  await expect(error).rejects.toMatchObject({ code: 'INPUT_TYPE', input: 'colours' })
})

test('warns of an output that no block writes, with the nearest name', async () => {
  const warnings: PipelineEvent[] = []
  const onEvent = (event: PipelineEvent) => {
    if (event.type === 'warning') warnings.push(event)
  }
  expect(await pipeline().run({}, { output: 'aera', onEvent })).toBeUndefined()
  expect(warnings).toMatchObject([{ code: 'UNKNOWN_OUTPUT', message: expect.stringContaining('Did you mean "area"?') }])
})

test('a listener that is null leaves warnings to Node', async () => {
  const emit = jest.spyOn(process, 'emitWarning').mockImplementation()
  await pipeline().run({ colour: 'red' }, { onEvent: null as never })
  expect(emit).toHaveBeenCalled()
})

test('refuses a component that is registered without saying how', () => {
  const register = () => ComponentContainer.create().register('pen', new Pen('red') as never)
  expect(register).toThrow(DeclarationError)
  expect(register).toThrow("register('pen', { useValue: … })")
})

test('refuses a class that is not a block as a part', () => {
  const make = () => SequentialPipelineBlocks.fromBlocksDict({ pen: Pen as never })
  expect(make).toThrow(CompositionError)
  expect(make).toThrow('SequentialPipelineBlocks: "pen" is ')
})

test('names the compiler option where decorators are of the other kind', () => {
  const decorate = Input() as unknown as (target: undefined, context: object) => void
  expect(() => decorate(undefined, { kind: 'field', name: 'x' })).toThrow('experimentalDecorators')
})

test('names the registered component that is nearly the one that is missing', async () => {
  const container = ComponentContainer.create().register('pan', { useValue: new Pen('red') })
  const pipe = new Draw().initPipeline(undefined, { container })
  await expect(pipe()).rejects.toThrow('closest name: "pan"')
})

test('a declaration that says how to make a component wins over a later one that does not', () => {
  class Made {
    static fromConfig() {
      return new Made()
    }
  }
  class First extends ModularPipelineBlocks {
    @Component(Made, { config: {} }) made!: Made
    run() {}
  }
  class Second extends ModularPipelineBlocks {
    @Component(Made) made!: Made
    run() {}
  }
  const pipe = SequentialPipelineBlocks.fromBlocksDict({ first: First, second: Second }).initPipeline()
  expect(pipe.components.made).toBeInstanceOf(Made)
})
