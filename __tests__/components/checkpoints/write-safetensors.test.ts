import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import type { WeightDType } from '../../../components/checkpoints/checkpoint'
import { SafetensorsError } from '../../../components/checkpoints/safetensors-error'
import { SafetensorsFile } from '../../../components/checkpoints/safetensors-file'
import { bytesPerElement, WEIGHT_DTYPES } from '../../../components/checkpoints/weight-dtypes'
import { type WeightTensor, writeSafetensors } from '../../../components/checkpoints/write-safetensors'
import { useTemporaryFolder } from './temporary-folder'

const folder = useTemporaryFolder()

const weightTensor: fc.Arbitrary<WeightTensor> = fc
  .record({ dtype: fc.constantFrom(...WEIGHT_DTYPES), shape: fc.array(fc.nat(4), { maxLength: 4 }) })
  .chain(({ dtype, shape }) => {
    const length = shape.reduce((product, size) => product * size, bytesPerElement(dtype))
    return fc.uint8Array({ minLength: length, maxLength: length }).map(data => ({ dtype, shape, data }))
  })

const tensorName = fc.string({ unit: 'binary' }).filter(name => name !== '__metadata__')

describe('writeSafetensors', () => {
  test('writes what is read again', async () => {
    const path = join(folder(), 'weights.safetensors')
    const text = fc.string({ unit: 'binary' })
    await fc.assert(
      fc.asyncProperty(
        fc.dictionary(tensorName, weightTensor),
        fc.dictionary(text, text),
        async (tensors, metadata) => {
          await writeSafetensors(path, tensors, metadata)
          const file = await SafetensorsFile.open(path)
          expect(new Set(file.keys)).toEqual(new Set(Object.keys(tensors)))
          for (const [name, { dtype, shape, data }] of Object.entries(tensors)) {
            expect(file.info(name)).toMatchObject({ dtype, shape })
            expect(await file.readBytes(name)).toEqual(data)
          }
          expect(file.metadata).toEqual(new Map(Object.entries(metadata)))
          await file.close()
        },
      ),
    )
  })

  test('keeps float32 to the bit, also from a part of a buffer', async () => {
    const path = join(folder(), 'weights.safetensors')
    const data = Float32Array.of(9, 0.1, -0, 1e-45, Number.POSITIVE_INFINITY, 9).subarray(1, 5)
    await writeSafetensors(path, { x: { dtype: 'F32', shape: [2, 2], data } })
    const file = await SafetensorsFile.open(path)
    expect(await file.readFloat32('x')).toEqual(Float32Array.of(0.1, -0, 1e-45, Number.POSITIVE_INFINITY))
    await file.close()
  })

  test('places every tensor at a multiple of its element size', async () => {
    const path = join(folder(), 'weights.safetensors')
    const types: WeightDType[] = ['U8', 'F16', 'F64', 'F32']
    const tensors = types.map(dtype => [dtype, { dtype, shape: [3], data: new Uint8Array(3 * bytesPerElement(dtype)) }])
    await writeSafetensors(path, Object.fromEntries(tensors))
    const file = await SafetensorsFile.open(path)
    for (const dtype of types) expect(file.info(dtype).begin % bytesPerElement(dtype)).toBe(0)
    await file.close()
  })

  test.each<[string, Record<string, WeightTensor>, string]>([
    ['too few numbers', { x: { dtype: 'F32', shape: [2], data: new Float32Array(1) } }, 'size-mismatch'],
    ['a negative shape', { x: { dtype: 'F32', shape: [-1], data: new Float32Array(1) } }, 'invalid-shape'],
    [
      'the name of the metadata',
      { __metadata__: { dtype: 'F32', shape: [1], data: new Float32Array(1) } },
      'invalid-header',
    ],
  ])('refuses %s and leaves the file as it was', async (_, tensors, problem) => {
    const path = join(folder(), 'weights.safetensors')
    await writeFile(path, 'old')
    const writing = writeSafetensors(path, tensors)
    await expect(writing).rejects.toThrow(SafetensorsError)
    await expect(writing).rejects.toMatchObject({ problem })
    expect(await readFile(path, 'utf8')).toBe('old')
    expect(await readdir(folder())).toEqual(['weights.safetensors'])
  })
})
