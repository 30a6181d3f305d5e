import { z } from 'zod'
import {
  AutoPipelineBlocks,
  Block,
  type BlockSource,
  Branch,
  DEFAULTS_BY_BLOCK_KEY,
  type In,
  Input,
  LIVE_TYPE_KEY,
  ModularPipelineBlocks,
  type Out,
  Output,
  registerWireType,
  SequentialPipelineBlocks,
  Step,
  slot,
  TYPE_KEY,
  UNSENDABLE_KEY,
} from '../../../src'
import { toy } from '../fixtures/toy-blocks'

/** A class whose values are sent as texts. */
class Sound {
  constructor(readonly text: string) {}
}
registerWireType<Sound>({
  name: 'Sound',
  input: { type: 'string', contentMediaType: 'audio/*' },
  output: { type: 'string', format: 'uri-reference' },
  read: sent => new Sound(String(sent)),
})
const sound = z.custom<Sound>(value => value instanceof Sound).meta({ [TYPE_KEY]: 'Sound' })
const live = z.custom<() => void>(value => typeof value === 'function').meta({ [TYPE_KEY]: 'Callback' })

@Block({ description: 'Plays.' })
class Play extends ModularPipelineBlocks {
  @Input(z.int().min(1).max(9).default(3).describe('How often.')) times!: In<number>
  @Input(z.union([z.string(), z.array(z.string()).min(1)])) text!: In<string | string[], 'required'>
  @Input(z.union([sound, z.array(sound).min(1), live]).optional()) sounds!: In<
    Sound | Sound[] | (() => void) | undefined
  >
  @Input(live.optional()) callback!: In<(() => void) | undefined>
  @Input(z.array(live).optional()) callbacks!: In<(() => void)[] | undefined>
  @Input(z.enum(['a', 'b']).nullable().default('a')) choice!: In<'a' | 'b' | null>
  @Input(z.tuple([z.number(), z.number()]).default([0, 0])) pair!: In<[number, number]>
  @Output(z.array(sound).describe('What is heard.')) heard!: Out<Sound[]>
  @Output(live) handle!: Out<() => void>

  run() {}
}

describe('jsonSchema()', () => {
  const { inputs, outputs } = new Play().jsonSchema()

  test('gives types, ranges, defaults and descriptions', () => {
    expect(inputs.properties?.['times']).toEqual({
      type: 'integer',
      minimum: 1,
      maximum: 9,
      default: 3,
      description: 'How often.',
    })
    expect(inputs.properties?.['pair']).toMatchObject({ type: 'array', items: false, minItems: 2, default: [0, 0] })
    expect(inputs.properties?.['choice']).toMatchObject({
      anyOf: [{ enum: ['a', 'b'] }, { type: 'null' }],
      default: 'a',
    })
    expect(inputs).toMatchObject({
      title: 'Inputs of Play',
      description: 'Plays.',
      required: ['text'],
      additionalProperties: false,
    })
  })

  test('describes values of registered classes, without the choices that cannot be sent', () => {
    const one = { type: 'string', contentMediaType: 'audio/*', [LIVE_TYPE_KEY]: 'Sound' }
    expect(inputs.properties?.['sounds']).toEqual({ anyOf: [one, { type: 'array', items: one, minItems: 1 }] })
    expect(outputs.properties?.['heard']).toEqual({
      type: 'array',
      items: { type: 'string', format: 'uri-reference', [LIVE_TYPE_KEY]: 'Sound' },
      description: 'What is heard.',
    })
  })

  test('leaves out what no JSON can stand for, and lists it with its type', () => {
    expect(Object.keys(inputs.properties ?? {})).toEqual(['times', 'text', 'sounds', 'choice', 'pair'])
    expect(inputs[UNSENDABLE_KEY]).toEqual({ callback: 'Callback', callbacks: 'Callback[]' })
    expect(outputs[UNSENDABLE_KEY]).toEqual({ handle: 'Callback' })
  })

  test('keeps a required input that cannot be sent among the required ones, so that nothing fits', () => {
    const { inputs } = toy({ inputs: [{ name: 'handle', typeHint: 'Callback', required: true }] }).jsonSchema()
    expect(inputs).toMatchObject({ properties: {}, required: ['handle'], [UNSENDABLE_KEY]: { handle: 'Callback' } })
  })

  test('reads types in words where there is no schema', () => {
    const names = ['number', 'string[]', 'Sound | Sound[]', '"a" | "b"', 'Callback', 'number | Callback']
    const inputs = names.map((typeHint, i) => ({ name: `x${i}`, typeHint }))
    const schema = toy({ inputs: [...inputs, { name: 'any' }, { name: null, kwargsType: 'group' }] }).jsonSchema()
    const one = { type: 'string', contentMediaType: 'audio/*', [LIVE_TYPE_KEY]: 'Sound' }
    expect(schema.inputs.properties).toEqual({
      x0: { type: 'number' },
      x1: { type: 'array', items: { type: 'string' } },
      x2: { anyOf: [one, { type: 'array', items: one }] },
      x3: { anyOf: [{ const: 'a' }, { const: 'b' }] },
      x5: { type: 'number' },
      any: {},
    })
    expect(schema.inputs[UNSENDABLE_KEY]).toEqual({ x4: 'Callback' })
  })

  test('names the defaults of branches that differ', () => {
    class Auto extends AutoPipelineBlocks {
      @Branch({ when: 'image' }) a: BlockSource = toy({
        inputs: ['image', { name: 's', typeHint: 'number', default: 1 }],
      })
      @Branch() b: BlockSource = toy({ inputs: [{ name: 's', typeHint: 'number', default: 2 }] })
    }
    expect(new Auto().jsonSchema().inputs.properties?.['s']).toEqual({
      type: 'number',
      [DEFAULTS_BY_BLOCK_KEY]: { a: 1, b: 2 },
    })
  })

  test('keeps definitions that a recursive schema refers to', () => {
    interface Tree {
      children: Tree[]
    }
    const tree: z.ZodType<Tree> = z.object({
      get children() {
        return z.array(tree)
      },
    })
    const { inputs } = toy({ inputs: [{ name: 'tree', schema: tree }] }).jsonSchema()
    const reference = inputs.properties?.['tree']?.$ref ?? inputs.properties?.['tree']?.properties?.['children']
    expect(reference).toBeDefined()
    expect(Object.keys(inputs.$defs ?? {})).toHaveLength(1)
  })

  test('describes a workflow by the blocks that it runs', () => {
    class Whole extends SequentialPipelineBlocks {
      @Step() first = slot(Play)
      @Step() second: BlockSource = toy({ inputs: ['heard'], outputs: ['other'] })
      override get workflowMap() {
        return { play: { text: true } } as const
      }
      override get outputs() {
        return this.intermediateOutputs.filter(({ name }) => name === 'heard')
      }
    }
    const { inputs, outputs } = new Whole().jsonSchema({ workflow: 'play' })
    expect(inputs.title).toBe('Inputs of Whole, play')
    expect(inputs.required).toEqual(['text'])
    expect(Object.keys(outputs.properties ?? {})).toEqual(['heard'])
    expect(() => new Whole().jsonSchema({ workflow: 'sing' })).toThrow('sing')
  })

  test('survives JSON', () => {
    expect(JSON.parse(JSON.stringify({ inputs, outputs }))).toEqual({ inputs, outputs })
  })
})
