import { z } from 'zod'
import {
  Component,
  Config,
  DeclarationError,
  type In,
  Input,
  LoopSequentialPipelineBlocks,
  LoopStep,
  ModularPipelineBlocks,
  Output,
  Step,
} from '../../../src'
import { failure } from '../fixtures/failures'
import { IncrementStep } from '../fixtures/toy-blocks'

/** The declaration of the only input that a class makes. */
function declarationOf(decorate: (target: never, field: never) => void) {
  class Taker extends ModularPipelineBlocks {}
  decorate(Taker.prototype as never, 'value' as never)
  const [input] = new Taker().inputs
  return input
}

describe('@Input with a schema', () => {
  test.each([
    ['a plain type is required', z.number(), { required: true, default: undefined, typeHint: 'number' }],
    ['an optional one is not', z.string().optional(), { required: false, default: undefined, typeHint: 'string' }],
    ['nor is a nullable one', z.string().nullable(), { required: false, default: undefined, typeHint: 'string' }],
    ['nor is one with a default', z.int().min(1).default(50), { required: false, default: 50, typeHint: 'number' }],
    ['an enum names its values', z.enum(['image', 'latent']), { typeHint: '"image" | "latent"', required: true }],
    ['an array names its elements', z.array(z.number()), { typeHint: 'number[]' }],
    [
      'an array of a union has brackets',
      z.array(z.union([z.string(), z.number()])),
      { typeHint: '(string | number)[]' },
    ],
    ['a literal is itself', z.literal('pil'), { typeHint: '"pil"' }],
    ['a stated type wins', z.custom().meta({ 'tesserae:type': 'Image' }), { typeHint: 'Image' }],
  ])('%s', (_, schema, expected) => {
    expect(declarationOf(Input(schema))).toMatchObject(expected)
  })

  test('reads the description wherever it is in the schema', () => {
    expect(declarationOf(Input(z.number().describe('How many.')))?.description).toBe('How many.')
    expect(declarationOf(Input(z.number().describe('How many.').default(3)))?.description).toBe('How many.')
    expect(declarationOf(Input(z.number()))?.description).toBe('')
  })

  test('keeps the schema, to check values with', () => {
    const schema = z.number()
    expect(declarationOf(Input(schema))?.schema).toBe(schema)
  })

  test.each([
    ['transforms', z.string().transform(Number)],
    ['preprocesses', z.preprocess(String, z.string())],
    ['coerces', z.coerce.number()],
  ])('refuses one that %s, as the value itself reaches the block', async (_, schema) => {
    const error = await failure(DeclarationError, () => declarationOf(Input<z.ZodType>(schema)))
    expect(error.message).toMatch(/Taker\.value: a schema checks values and cannot convert them/)
  })
})

describe('@Input with options', () => {
  test('requires a value unless it says otherwise', () => {
    expect(declarationOf(Input())).toMatchObject({ name: 'value', required: true, kwargsType: undefined })
    expect(declarationOf(Input({ required: false }))).toMatchObject({ required: false })
  })

  test('takes default, description, type, group and metadata as they are', () => {
    const options = { default: 7.5, description: 'Strength.', typeHint: 'float', kwargsType: 'g', metadata: { a: 1 } }
    expect(declarationOf(Input(options))).toMatchObject({ ...options, name: 'value', required: false })
  })

  test('lets options stand before what the schema says', () => {
    const input = declarationOf(
      Input({ schema: z.number().describe('from the schema'), description: 'from the options' }),
    )
    expect(input).toMatchObject({ description: 'from the options', typeHint: 'number', required: true })
  })

  test('takes a whole group with name null, by default the one of the field', () => {
    expect(declarationOf(Input({ name: null }))).toMatchObject({ name: null, kwargsType: 'value', required: false })
    expect(declarationOf(Input({ name: null, kwargsType: 'embeds' }))).toMatchObject({
      name: null,
      kwargsType: 'embeds',
    })
  })

  test('refuses a default that its own schema refuses', async () => {
    const error = await failure(DeclarationError, () => declarationOf(Input({ schema: z.int().min(1), default: 0 })))
    expect(error.message).toMatch(/^Taker\.value: the default is refused: .*>=1/)
  })
})

describe('a declared field', () => {
  test.each(['run', 'inputs', 'description', 'call', 'context', 'toString', 'constructor'])(
    'may not be called %s, which every block has',
    async name => {
      class Taker extends ModularPipelineBlocks {
        run() {}
      }
      const error = await failure(DeclarationError, () => Input()(Taker.prototype as never, name as never))
      expect(error.message).toBe(
        `Taker.${name}: "${name}" is a method or property of every block; choose another name.`,
      )
    },
  )

  test('may not be a part of a sequence under such a name either', async () => {
    await failure(DeclarationError, () => {
      class Outer extends LoopSequentialPipelineBlocks {}
      Step()(Outer.prototype as never, 'insert' as never)
    })
  })

  test.each([
    ['a component', Component(Date), 'it is an input already and cannot be a component too'],
    ['a setting', Config(), 'it is an input already and cannot be a setting too'],
    ['a block', LoopStep(), 'it is an input already and cannot be a block too'],
  ])('cannot be an input and %s', async (_, decorator, message) => {
    class Taker extends LoopSequentialPipelineBlocks {
      @Input() value!: In<unknown>
    }
    const error = await failure(DeclarationError, () => decorator(Taker.prototype as never, 'value' as never))
    expect(error.message).toContain(message)
  })

  test('may be an input and an output', () => {
    class Changer extends ModularPipelineBlocks {
      @Input() @Output() x!: number
    }
    expect(new Changer().inputNames).toEqual(['x'])
    expect(new Changer().intermediateOutputNames).toEqual(['x'])
  })

  test('cannot be static', async () => {
    class Taker extends ModularPipelineBlocks {}
    const error = await failure(DeclarationError, () => Input()(Taker as never, 'x' as never))
    expect(error.message).toMatch(/^Taker\.x: .*cannot be static/)
  })
})

describe('@LoopStep on a method', () => {
  test('is refused a second time in one class, and may be moved by a subclass', async () => {
    const error = await failure(DeclarationError, () => {
      class Twice extends ModularPipelineBlocks {
        @LoopStep()
        first() {}

        @LoopStep()
        second() {}
      }
      return Twice
    })
    expect(error.message).toBe('Twice.second: "first" is the loop step already; a class has one.')
    class Other extends IncrementStep {
      @LoopStep()
      otherStep() {}
    }
    expect(new Other().inputNames).toEqual(['x'])
  })

  test('is refused on a getter', async () => {
    const error = await failure(DeclarationError, () => {
      class Getter extends ModularPipelineBlocks {
        // @ts-expect-error: a getter holds no block and is no method
        @LoopStep()
        get step() {
          return 1
        }
      }
      return Getter
    })
    expect(error.message).toMatch(
      /^Getter\.step: @LoopStep\(\) belongs on a field that holds a block, or on a method\./,
    )
  })
})
