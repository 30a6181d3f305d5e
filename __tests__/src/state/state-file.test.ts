import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as tf from '@tensorflow/tfjs'
import fc from 'fast-check'
import { writeSafetensors } from '../../../components/checkpoints/write-safetensors'
import {
  Generator,
  Image,
  InvalidStateFileError,
  ModularError,
  PipelineState,
  registerValueKind,
  UnsavableValueError,
  writeFileAtomically,
} from '../../../index'
import { useTemporaryFolder } from '../../components/checkpoints/temporary-folder'
import { useBackend } from '../../components/models/use-backend'
import { failure } from '../fixtures/failures'

useBackend('cpu')
const folder = useTemporaryFolder()
const file = () => join(folder(), 'run.safetensors')

async function again(values: Readonly<Record<string, unknown>>): Promise<PipelineState> {
  const state = new PipelineState()
  for (const [name, value] of Object.entries(values)) state.set(name, value)
  await state.save(file())
  return PipelineState.load(file())
}

describe('a state in a file', () => {
  test.each([7, -1, 2n ** 64n - 1n, -(2n ** 63n)])('holds the seed %p of a cancelled run exactly', async seed => {
    const state = new PipelineState()
    state.resumePoint = { path: ['a'], components: {}, unsaved: [], seed }
    await state.save(file())
    expect((await PipelineState.load(file())).resumePoint?.seed).toBe(seed)
  })

  test('holds any plain values', async () => {
    const typedArray = fc.oneof(
      fc.float32Array(),
      fc.float64Array(),
      fc.int32Array(),
      fc.uint8Array(),
      fc.uint8ClampedArray(),
      fc.bigInt64Array(),
    )
    const value = fc.oneof(
      typedArray,
      fc.anything({ withMap: true, withSet: true, withBigInt: true, withTypedArray: false, withNullPrototype: false }),
    )
    await fc.assert(
      fc.asyncProperty(fc.dictionary(fc.string(), value), async values => {
        const state = new PipelineState()
        for (const [name, member] of Object.entries(values)) state.values.set(name, member)
        await state.save(file())
        expect((await PipelineState.load(file())).values).toEqual(state.values)
      }),
      { numRuns: 200 },
    )
  })

  test('keeps groups, and what is in two places or in a cycle', async () => {
    const shared = { scale: 7 }
    const circle: Record<string, unknown> = { shared }
    circle['self'] = circle
    const state = new PipelineState()
    state.set('a', [shared, shared], 'denoiserInputFields')
    state.set('b', circle, 'denoiserInputFields')
    state.set('$', { $: 'ref', id: 0 })
    await state.save(file())
    const loaded = await PipelineState.load(file())
    expect(loaded.kwargsMapping).toEqual(state.kwargsMapping)
    const [first, second] = loaded.get<object[]>('a') ?? []
    expect(first).toBe(second)
    const loadedCircle = loaded.get<Record<string, unknown>>('b')
    expect(loadedCircle?.['self']).toBe(loadedCircle)
    expect(loadedCircle?.['shared']).toBe(first)
    expect(loaded.get('$')).toEqual({ $: 'ref', id: 0 })
  })

  test('holds tensors of every type, of which its caller disposes', async () => {
    const before = tf.memory().numTensors
    const tensors = {
      latents: tf.tensor4d([0.1, -2.5, 1e-30, 3], [1, 2, 1, 2]),
      ids: tf.tensor1d([1, -2, 2 ** 31 - 1], 'int32'),
      mask: tf.tensor2d([[1, 0]], [1, 2], 'bool'),
      words: tf.tensor1d(['red', 'größer 🚀'], 'string'),
      waves: tf.complex([1, 2], [3, 4]),
      nothing: tf.zeros([0, 4]),
      scalar: tf.scalar(5),
    }
    const state = await again({ ...tensors, list: [tensors.latents, { deep: tensors.ids }] })
    for (const [name, tensor] of Object.entries(tensors)) {
      const loaded = state.get<tf.Tensor>(name) as tf.Tensor
      expect([loaded.dtype, loaded.shape]).toEqual([tensor.dtype, tensor.shape])
      expect([...loaded.dataSync<'string'>()]).toEqual([...tensor.dataSync<'string'>()])
    }
    expect(state.get<unknown[]>('list')).toEqual([state.get('latents'), { deep: state.get('ids') }])
    state.dispose()
    tf.dispose(tensors)
    expect(tf.memory().numTensors).toBe(before)
  })

  test('holds images, and generators at their place', async () => {
    const generator = new Generator(2n ** 64n - 1n)
    generator.randn([5])
    const image = new Image({ width: 2, height: 1, channels: 3, data: Uint8Array.of(1, 2, 3, 4, 5, 6) })
    const state = await again({ generators: [generator, generator], image })
    const [first, second] = state.get<Generator[]>('generators') ?? []
    expect(first).toBe(second)
    expect(first?.seed).toBe(2n ** 64n - 1n)
    expect([...(first as Generator).randn([20])]).toEqual([...generator.randn([20])])
    expect(state.get('image')).toEqual(image)
  })

  test('holds kinds that were made known', async () => {
    class Temperature {
      constructor(readonly degrees: number) {}
    }
    registerValueKind<Temperature>({
      name: 'Temperature',
      is: (value): value is Temperature => value instanceof Temperature,
      save: ({ degrees }) => ({ degrees }),
      load: saved => new Temperature((saved as { degrees: number }).degrees),
    })
    expect((await again({ outside: new Temperature(-4) })).get('outside')).toEqual(new Temperature(-4))
  })

  test.each([
    ['callback', { callback: () => 1 }],
    ['options.when', { options: { when: new Date() } }],
    ['list.1', { list: [1, Symbol('x')] }],
    ['map.1', { map: new Map([['a', new (class Odd {})()]]) }],
  ])('names what cannot be saved: %s', async (place, values) => {
    await writeFile(file(), 'old')
    const error = await failure(UnsavableValueError, () => again(values))
    expect(error.place).toBe(place)
    expect(await readdir(folder())).toEqual(['run.safetensors'])
  })

  test('says that a tensor of it was disposed already', async () => {
    const gone = tf.tensor1d([1])
    gone.dispose()
    const error = await failure(UnsavableValueError, () => again({ list: [gone] }))
    expect(error).toMatchObject({ place: 'list.0', cause: expect.any(Error) })
    expect(error.message).toMatch(/"list\.0", Tensor \[1\], cannot be read: .*disposed/)
    expect(await readdir(folder())).toEqual([])
  })

  test('is refused with the reason where it is damaged, and leaves no tensor behind', async () => {
    const state = new PipelineState()
    state.set('latents', tf.tensor1d([1, 2]))
    state.set('names', ['a', 'b'], 'group')
    await state.save(file())
    state.dispose()
    const bytes = await readFile(file())
    const load = async (damaged: Buffer) => {
      await writeFile(file(), damaged)
      const error = await PipelineState.load(file()).then(
        loaded => loaded.dispose(),
        (error: unknown) => error,
      )
      if (error !== undefined) expect(error).toBeInstanceOf(ModularError)
      return error
    }
    for (let length = 0; length < bytes.length; length += 7) {
      expect(await load(bytes.subarray(0, length))).toBeDefined()
    }
    for (let i = 0; i < bytes.length; i++) {
      const damaged = Buffer.from(bytes)
      damaged[i] = (damaged[i] as number) ^ 0x15
      await load(damaged)
      expect(tf.memory().numTensors).toBe(0)
    }
  })

  test('is refused where a part of it has another name, and leaves no tensor behind', async () => {
    const state = new PipelineState()
    state.resumePoint = { path: [], components: { scheduler: { sample: tf.tensor1d([1, 2]) } }, unsaved: [] }
    await state.save(file())
    state.dispose()
    const text = (await readFile(file())).toString('latin1')
    ;(await PipelineState.load(file())).dispose()
    for (const [name, other] of [
      ['resumePoint', 'resumePoine'],
      ['unsaved', 'unsavee'],
    ] as const) {
      await writeFile(file(), text.replace(`"${name}\\"`, `"${other}\\"`), 'latin1')
      await failure(InvalidStateFileError, () => PipelineState.load(file()))
      expect(tf.memory().numTensors).toBe(0)
    }
  })

  test('is told apart from other files', async () => {
    await writeSafetensors(file(), {}, { format: 'pt' })
    expect((await failure(InvalidStateFileError, () => PipelineState.load(file()))).message).toContain('no state')
    await writeSafetensors(file(), {}, { format: 'tesserae-state', version: '99', state: '{}' })
    expect((await failure(InvalidStateFileError, () => PipelineState.load(file()))).message).toContain('format 99')
    const broken = ['', 'null', '{"values":{"$":"kind","kind":"Unheard","value":1}}', '{"values":3}', '{"$":"array"}']
    for (const state of broken) {
      await writeSafetensors(file(), {}, { format: 'tesserae-state', version: '1', state })
      await failure(InvalidStateFileError, () => PipelineState.load(file()))
    }
    await writeFileAtomically(file(), [Buffer.from('a picture')])
    await expect(PipelineState.load(file())).rejects.toMatchObject({ code: 'SAFETENSORS' })
    await expect(PipelineState.load(join(folder(), 'nowhere'))).rejects.toMatchObject({ code: 'MISSING_FILE' })
  })
})
