import { rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as tf from '@tensorflow/tfjs'
import { SafetensorsError } from '../../../components/checkpoints/safetensors-error'
import { SafetensorsFile } from '../../../components/checkpoints/safetensors-file'
import { writeSafetensors } from '../../../components/checkpoints/write-safetensors'
import { Parameter, withParameterReader } from '../../../components/nn/parameter'
import { WeightsNotLoadedError } from '../../../components/nn/weights-not-loaded-error'
import { useTemporaryFolder } from '../checkpoints/temporary-folder'
import { useBackend } from '../models/use-backend'

useBackend('cpu')
const folder = useTemporaryFolder()

/** A matrix of a file. */
async function writeMatrix() {
  const path = join(folder(), 'weights.safetensors')
  const data = Float32Array.of(1, 2, 3, 4, 5, 6)
  await writeSafetensors(path, { matrix: { dtype: 'F32', shape: [2, 3], data } })
  const file = await SafetensorsFile.open(path)
  await file.close()
  return { path, info: file.info('matrix') }
}

describe('a parameter that is bound to a file', () => {
  test('is loaded at its first use, and holds its tensor from then on', async () => {
    const { info } = await writeMatrix()
    const parameter = new Parameter<tf.Tensor2D>([2, 3], [1, 0])
    expect(parameter.isLoaded).toBe(false)
    const tensors = tf.memory().numTensors
    parameter.bind(info)
    expect(parameter).toMatchObject({ isLoaded: true, source: info })
    expect(tf.memory().numTensors).toBe(tensors)
    const tensor = tf.tidy(() => parameter.tensor)
    expect(tensor.arraySync()).toEqual([
      [1, 4],
      [2, 5],
      [3, 6],
    ])
    expect(parameter.tensor).toBe(tensor)
    expect(tf.memory().numTensors).toBe(tensors + 1)
    parameter.dispose()
    expect(tensor.isDisposed).toBe(true)
  })

  test('gives its numbers as they are there, without a tensor', async () => {
    const { info } = await writeMatrix()
    const parameter = new Parameter([2, 3], [1, 0])
    parameter.bind(info)
    expect([...parameter.read()]).toEqual([1, 2, 3, 4, 5, 6])
    parameter.dispose()
  })

  test('forgets the file when it is disposed, bound again or loaded', async () => {
    const { info } = await writeMatrix()
    const parameter = new Parameter([2, 3])
    parameter.bind(info)
    parameter.dispose()
    expect(parameter).toMatchObject({ isLoaded: false, source: undefined })
    expect(() => parameter.tensor).toThrow(WeightsNotLoadedError)
    expect(() => parameter.read()).toThrow(WeightsNotLoadedError)
    parameter.bind(info)
    parameter.load(new Float32Array(6).fill(7))
    expect(parameter.source).toBeUndefined()
    expect([...parameter.read()]).toEqual([7, 7, 7, 7, 7, 7])
    const { tensor } = parameter
    parameter.bind(info)
    expect(tensor.isDisposed).toBe(true)
    expect([...parameter.tensor.dataSync()]).toEqual([1, 2, 3, 4, 5, 6])
    parameter.dispose()
  })

  test('stays bound where its file cannot be read, and can be used when the file is back', async () => {
    const { path, info } = await writeMatrix()
    const parameter = new Parameter([2, 3])
    parameter.bind(info)
    await rename(path, `${path}.away`)
    expect(() => parameter.tensor).toThrow(SafetensorsError)
    await rename(`${path}.away`, path)
    expect([...parameter.tensor.dataSync()]).toEqual([1, 2, 3, 4, 5, 6])
    parameter.dispose()
  })
})

describe('a parameter that leaves memory', () => {
  test('comes back from the file that it was read from, with the same numbers and as the same revision', async () => {
    const { info } = await writeMatrix()
    const parameter = new Parameter<tf.Tensor2D>([2, 3], [1, 0])
    const tensors = tf.memory().numTensors
    parameter.load(Float32Array.of(1, 2, 3, 4, 5, 6), info)
    expect(parameter).toMatchObject({ isInMemory: true, bytes: 24, origin: info, source: undefined })
    const { revision, tensor } = parameter
    const values = tensor.arraySync()
    parameter.offload()
    expect(tensor.isDisposed).toBe(true)
    expect(tf.memory().numTensors).toBe(tensors)
    expect(parameter).toMatchObject({ isInMemory: false, isLoaded: true, origin: info, revision })
    await parameter.fetch()
    expect(parameter.isInMemory).toBe(true)
    expect(parameter.tensor.arraySync()).toEqual(values)
    parameter.offload()
    expect(parameter.tensor.arraySync()).toEqual(values)
    parameter.dispose()
    expect(parameter.origin).toBeUndefined()
  })

  test('stays where it is if it came from no file', () => {
    const parameter = new Parameter([1])
    parameter.load(Float32Array.of(7))
    parameter.offload()
    expect(parameter).toMatchObject({ isInMemory: true, origin: undefined })
    parameter.dispose()
  })

  test('forgets its file when other numbers are loaded', async () => {
    const { info } = await writeMatrix()
    const parameter = new Parameter([2, 3])
    parameter.load(new Float32Array(6), info)
    parameter.load(new Float32Array(6).fill(1))
    parameter.offload()
    expect(parameter).toMatchObject({ isInMemory: true, origin: undefined })
    parameter.dispose()
  })

  test('is read once for all who ask at the same time', async () => {
    const { info } = await writeMatrix()
    const parameter = new Parameter([2, 3])
    const tensors = tf.memory().numTensors
    parameter.bind(info)
    await Promise.all([parameter.fetch(), parameter.fetch()])
    await parameter.fetch()
    expect(tf.memory().numTensors).toBe(tensors + 1)
    parameter.dispose()
  })

  test('takes nothing from the file once it was disposed or asked for while it was read', async () => {
    const { info } = await writeMatrix()
    const parameter = new Parameter([2, 3])
    parameter.bind(info)
    const disposed = parameter.fetch()
    parameter.dispose()
    await disposed
    expect(parameter.isInMemory).toBe(false)
    parameter.bind(info)
    const asked = parameter.fetch()
    const { tensor } = parameter
    await asked
    expect(parameter.tensor).toBe(tensor)
    parameter.dispose()
  })

  test('says what is wrong with its file', async () => {
    const { path, info } = await writeMatrix()
    const parameter = new Parameter([2, 3])
    parameter.bind(info)
    await rm(path)
    await expect(parameter.fetch()).rejects.toMatchObject({ name: 'SafetensorsError', problem: 'unreadable' })
    await writeFile(path, 'short')
    await expect(parameter.fetch()).rejects.toMatchObject({ name: 'SafetensorsError', problem: 'changed' })
    expect(parameter.isLoaded).toBe(true)
    parameter.dispose()
  })
})

describe('a parameter in memory', () => {
  test('reads its numbers back in the order of the checkpoint', () => {
    const parameter = new Parameter([2, 3, 1], [2, 0, 1])
    parameter.load(Float32Array.of(1, 2, 3, 4, 5, 6))
    expect(parameter.tensor.shape).toEqual([1, 2, 3])
    expect([...parameter.read()]).toEqual([1, 2, 3, 4, 5, 6])
    parameter.dispose()
  })
})

describe('withParameterReader()', () => {
  test('answers for every parameter while an action runs, and no longer if that fails', () => {
    const [parameter, stand] = [new Parameter([1]), tf.ones([1])]
    expect(
      withParameterReader(
        () => stand,
        () => parameter.tensor,
      ),
    ).toBe(stand)
    const failing = () =>
      withParameterReader(
        () => stand,
        () => {
          throw new Error('no')
        },
      )
    expect(failing).toThrow('no')
    expect(() => parameter.tensor).toThrow(WeightsNotLoadedError)
    stand.dispose()
  })
})

describe('a parameter that is cast', () => {
  const fine = Float32Array.of(1.001, 2, 3, 4, 5, 2049)
  const half = Float32Array.of(1.0009765625, 2, 3, 4, 5, 2048)

  /** The parameter with its numbers in a file, in a file and in memory, and in memory alone. */
  async function parameters() {
    const path = join(folder(), 'fine.safetensors')
    await writeSafetensors(path, { matrix: { dtype: 'F32', shape: [2, 3], data: fine } })
    const file = await SafetensorsFile.open(path)
    await file.close()
    const [bound, used, loaded, made] = Array.from({ length: 4 }, () => new Parameter<tf.Tensor2D>([2, 3], [1, 0]))
    bound?.bind(file.info('matrix'))
    used?.bind(file.info('matrix'))
    used?.tensor
    loaded?.load(fine, file.info('matrix'))
    made?.load(fine)
    return { bound, used, loaded, made } as Record<string, Parameter<tf.Tensor2D>>
  }

  test('has rounded numbers from then on, wherever they were', async () => {
    const tensors = tf.memory().numTensors
    for (const parameter of Object.values(await parameters())) {
      const { revision } = parameter
      parameter.castTo('F16')
      expect(parameter.dtype).toBe('F16')
      expect(parameter.revision).toBeGreaterThan(revision)
      expect(parameter.read()).toEqual(half)
      expect(tf.tidy(() => tf.transpose(parameter.tensor).dataSync())).toEqual(half)
      parameter.castTo('F32')
      expect(parameter.dtype).toBe('F32')
      expect(parameter.read()).toEqual(half)
      parameter.offload()
      await parameter.fetch()
      expect(tf.tidy(() => tf.transpose(parameter.tensor).dataSync())).toEqual(half)
      parameter.dispose()
    }
    expect(tf.memory().numTensors).toBe(tensors)
  })

  test('keeps what it has where the type can hold it', async () => {
    const made = new Parameter([2, 3])
    made.load(fine)
    const { revision, tensor } = made
    made.castTo('F64')
    expect(made).toMatchObject({ revision, tensor, dtype: 'F64' })
    made.dispose()
  })

  test('stays as it was if there is no memory for the rounded numbers', () => {
    const made = new Parameter([2, 3])
    made.load(fine)
    const { revision, tensor } = made
    const makeTensor = jest.spyOn(tf.engine(), 'makeTensor').mockImplementationOnce(() => {
      throw new Error('out of memory')
    })
    expect(() => made.castTo('F16')).toThrow('out of memory')
    makeTensor.mockRestore()
    expect(made).toMatchObject({ revision, tensor, dtype: 'F32' })
    expect(made.read()).toEqual(fine)
    made.dispose()
  })

  test('forgets its type with its numbers, and needs numbers', async () => {
    const parameter = new Parameter([2, 3])
    parameter.load(fine, undefined, 'BF16')
    expect(parameter.dtype).toBe('BF16')
    parameter.dispose()
    expect(parameter.dtype).toBe('F32')
    expect(() => parameter.castTo('F16')).toThrow(WeightsNotLoadedError)
  })
})
