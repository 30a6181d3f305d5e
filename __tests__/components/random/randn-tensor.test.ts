import { join } from 'node:path'
import * as tf from '@tensorflow/tfjs'
import { cpuLoader } from '../../../components/backends/cpu-loader'
import { SafetensorsFile } from '../../../components/checkpoints/safetensors-file'
import { Generator } from '../../../components/random/generator'
import { InvalidDrawError } from '../../../components/random/invalid-draw-error'
import { randnTensor } from '../../../components/random/randn-tensor'

/** Three images of 8 by 8 with 4 channels. */
const SHAPE = [3, 8, 8, 4] as const

describe('randnTensor', () => {
  let golden: SafetensorsFile

  beforeAll(async () => {
    await cpuLoader.load({ threads: 1 })
    await tf.setBackend('cpu')
    golden = await SafetensorsFile.open(join(__dirname, '../../goldens/rng/batched_noise/io.safetensors'))
  })

  afterAll(() => golden.close())

  async function expectGolden(noise: tf.Tensor4D, key: string): Promise<void> {
    expect(noise.shape).toEqual([...SHAPE])
    const expected = await golden.readFloat32(key)
    const actual = tf.tidy(() => tf.transpose(noise, [0, 3, 1, 2]).dataSync())
    expect(Math.max(...actual.map((value, i) => Math.abs(value - (expected[i] as number))))).toBeLessThan(2e-6)
    noise.dispose()
  }

  test('draws one generator for the whole batch', async () => {
    await expectGolden(randnTensor(SHAPE, new Generator(5)), 'one_generator')
  })

  test('draws one generator for each element of the batch', async () => {
    const generators = [5, 6, 7].map(seed => new Generator(seed))
    await expectGolden(randnTensor(SHAPE, generators), 'list_of_generators')
  })

  test('continues with the stream at the next draw', () => {
    const generator = new Generator(5)
    const [first, second] = [randnTensor(SHAPE, generator), randnTensor(SHAPE, generator)]
    expect(second.dataSync()).not.toEqual(first.dataSync())
    tf.dispose([first, second])
  })

  test('refuses a list of another length than the batch', () => {
    const generators = [new Generator(1), new Generator(2)]
    expect(() => randnTensor(SHAPE, generators)).toThrow(InvalidDrawError)
    expect(() => randnTensor(SHAPE, generators)).toThrow(/list of 3, but the list holds 2/)
    expect(() => randnTensor(SHAPE, [])).toThrow(InvalidDrawError)
  })

  test('draws shapes that are not images in their own order', () => {
    const noise = randnTensor([2, 3, 5], new Generator(5))
    expect(noise.shape).toEqual([2, 3, 5])
    expect(noise.dataSync()).toEqual(new Generator(5).randn([30]))
    const each = randnTensor([2, 9], [new Generator(6), new Generator(7)])
    expect([...each.dataSync()]).toEqual([...new Generator(6).randn([9]), ...new Generator(7).randn([9])])
    expect(() => randnTensor([], [new Generator(1)])).toThrow('without a batch needs one generator')
    tf.dispose([noise, each])
  })

  test('makes one tensor, and none when it fails', () => {
    const before = tf.memory().numTensors
    expect(() => randnTensor(SHAPE, [])).toThrow()
    expect(tf.memory().numTensors).toBe(before)
    const noise = randnTensor(SHAPE, new Generator(0))
    expect(tf.memory().numTensors).toBe(before + 1)
    noise.dispose()
  })
})
