import { z } from 'zod'
import {
  errorToWire,
  eventToWire,
  InvalidWireValueError,
  inputsFromWire,
  type PipelineEvent,
  type PreviewImage,
  registerWireType,
  resultToWire,
  TYPE_KEY,
} from '../../../src'
import { IncrementStep, Repeat, required, toy } from '../fixtures/toy-blocks'

/** A picture of one grey pixel. */
const picture: PreviewImage = { width: 1, height: 1, channels: 1, data: new Uint8Array(1), save: async () => {} }

describe('eventToWire()', () => {
  test('gives the events of a run as JSON, without live state', async () => {
    const pipe = Repeat.fromBlocksDict({ first: new IncrementStep() }).initPipeline()
    const events: unknown[] = []
    await pipe({ numSteps: 2, x: 0 }, { onEvent: async event => void events.push(await eventToWire(event)) })
    expect(JSON.parse(JSON.stringify(events))).toEqual(events)
    expect(events.map(event => (event as { type: string }).type)).toEqual([
      'runStart',
      'blockStart',
      'loopStart',
      'blockStart',
      'blockEnd',
      'loopStep',
      'blockStart',
      'blockEnd',
      'loopStep',
      'blockEnd',
      'runEnd',
    ])
    expect(events[5]).toEqual({ type: 'loopStep', path: [], step: 1, total: 2 })
  })

  test('places the pictures of a preview, and makes none where nobody places them', async () => {
    let made = 0
    const preview: PipelineEvent = {
      type: 'preview',
      path: ['denoise', 'tell'],
      step: 3,
      total: undefined,
      images: async () => {
        made++
        return [picture, picture]
      },
    }
    expect(await eventToWire(preview)).toEqual({
      type: 'preview',
      path: preview.path,
      step: 3,
      total: null,
      images: [],
    })
    expect(made).toBe(0)
    const wire = await eventToWire(preview, (_, { kind, name, index, step }) => `/${kind}/${name}/${step}/${index}`)
    expect(wire).toMatchObject({
      images: [
        { url: '/preview/denoise.tell/3/0', width: 1, height: 1 },
        { url: '/preview/denoise.tell/3/1', width: 1, height: 1 },
      ],
    })
  })
})

describe('resultToWire()', () => {
  test('places pictures wherever they are, and keeps everything else', async () => {
    const outputs = { images: [picture, [picture]], flags: [true, null, undefined], text: 'a', deep: { x: [1] } }
    const wire = await resultToWire(outputs, (_, { name, index }) => `${name}-${index}`)
    expect(wire).toEqual({
      images: [{ url: 'images-0', width: 1, height: 1 }, [{ url: 'images-1', width: 1, height: 1 }]],
      flags: [true, null, null],
      text: 'a',
      deep: { x: [1] },
    })
  })

  test.each([
    ['a typed array', { x: [{ y: new Float32Array(2) }] }, '"x.0.y"'],
    ['NaN', { x: Number.NaN }, '"x"'],
    ['a function', { x: () => {} }, '"x"'],
  ])('refuses %s with its place, before a picture is stored', async (_, value, place) => {
    let placed = 0
    const result = resultToWire({ images: [picture], ...value }, () => String(placed++))
    await expect(result).rejects.toThrow(InvalidWireValueError)
    await expect(result).rejects.toThrow(place)
    expect(placed).toBe(0)
  })

  test('refuses an object that contains itself', async () => {
    const ring: Record<string, unknown> = {}
    ring['ring'] = ring
    await expect(resultToWire(ring, () => '')).rejects.toThrow('contains itself')
  })
})

describe('inputsFromWire()', () => {
  class Note {
    constructor(readonly text: string) {}
  }
  registerWireType<Note>({
    name: 'Note',
    input: { type: 'string' },
    output: { type: 'string' },
    read(sent, { maxPixels }) {
      if (String(sent).length > (maxPixels ?? 10)) throw new Error('too long')
      return new Note(String(sent))
    },
  })
  const note = z.custom<Note>(value => value instanceof Note).meta({ [TYPE_KEY]: 'Note' })
  const { inputs: schema } = toy({
    inputs: [
      { name: 'notes', schema: z.union([note, z.array(note).min(1)]) },
      { name: 'either', schema: z.union([z.number(), z.array(z.string()), z.array(note)]) },
      { name: 'nested', schema: z.object({ list: z.tuple([z.string(), note]) }) },
      { name: 'text', schema: z.string() },
    ],
  }).jsonSchema()

  test('reads values of classes where the schema names them, and nothing else', async () => {
    const sent = { notes: ['a', 'b'], nested: { list: ['c', 'd'] }, text: 'e' }
    expect(await inputsFromWire(schema, sent)).toEqual({
      notes: [new Note('a'), new Note('b')],
      nested: { list: ['c', new Note('d')] },
      text: 'e',
    })
    expect(await inputsFromWire(schema, { notes: 'a', either: 3 })).toEqual({ notes: new Note('a'), either: 3 })
  })

  test('names the place of what cannot be read', async () => {
    const reading = inputsFromWire(schema, { notes: ['a', 'long'] }, { maxPixels: 2 })
    await expect(reading).rejects.toMatchObject({ place: ['notes', 1], message: '"notes.1": too long' })
  })
})

describe('errorToWire()', () => {
  test('lists the problems of a call with the names of the inputs', async () => {
    const blocks = toy({ inputs: [required('x'), { name: 'y', schema: z.number() }], body: () => {} })
    const error: unknown = await blocks
      .initPipeline()({ y: 'a' })
      .catch((problem: unknown) => problem)
    expect(errorToWire(error)).toMatchObject({
      code: 'PIPELINE_VALIDATION',
      issues: [
        { code: 'MISSING_INPUT', input: ['x'] },
        { code: 'INPUT_TYPE', input: ['y'] },
      ],
    })
  })

  test('names the block that threw, and has no stack', async () => {
    const blocks = toy({
      body: () => {
        throw new RangeError('no such thing')
      },
    })
    const error: unknown = await blocks
      .initPipeline()()
      .catch((problem: unknown) => problem)
    const wire = errorToWire(error)
    expect(wire).toMatchObject({ code: 'BLOCK_EXECUTION', cause: { code: 'INTERNAL', message: 'no such thing' } })
    expect(JSON.stringify(wire)).not.toContain('.ts')
  })
})
