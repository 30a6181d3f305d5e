/** 8-bit floats with the scales that ComfyUI writes beside them. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { splitRows } from '../../../components/checkpoints/checkpoint-view'
import { openCheckpoint } from '../../../components/checkpoints/open-checkpoint'
import { readFloat32 } from '../../../components/checkpoints/read-tensor'
import { readFloat32Sync } from '../../../components/checkpoints/read-tensor-sync'
import { SafetensorsFile } from '../../../components/checkpoints/safetensors-file'
import { type WeightTensor, writeSafetensors } from '../../../components/checkpoints/write-safetensors'
import { useTemporaryFolder } from './temporary-folder'

const folder = useTemporaryFolder()

// The codes of 1, 2, 0.5, -1, 448 and the smallest number; see the golden fp8_codes.
const weight: WeightTensor = { dtype: 'F8_E4M3', shape: [2, 3], data: Uint8Array.of(0x38, 0x40, 0x30, 0xb8, 0x7e, 1) }
const scale = (shape: readonly number[], ...values: number[]): WeightTensor => ({
  dtype: 'F32',
  shape,
  data: Float32Array.from(values),
})

async function open(tensors: Record<string, WeightTensor>): Promise<SafetensorsFile> {
  const path = join(folder(), 'model.safetensors')
  await writeSafetensors(path, tensors)
  return SafetensorsFile.open(path)
}

describe.each([
  ['scale_weight', 'scale_input'],
  ['weight_scale', 'input_scale'],
])('beside %s', (name, input) => {
  test.each([
    ['one scale', [], [3], [3, 6, 1.5, -3, 1344, 3 * 2 ** -9]],
    ['one scale in a list', [1], [3], [3, 6, 1.5, -3, 1344, 3 * 2 ** -9]],
    ['one for each row', [2, 1], [2, 10], [2, 4, 1, -10, 4480, 10 * 2 ** -9]],
  ])('%s is applied, however the numbers are read', async (_, shape, scales, expected) => {
    const marker: WeightTensor = { dtype: 'F8_E4M3', shape: [0], data: new Uint8Array(0) }
    const file = await open({
      'a.weight': weight,
      [`a.${name}`]: scale(shape, ...scales),
      [`a.${input}`]: scale([], 7),
      scaled_fp8: marker,
    })
    expect(file.keys).toEqual(['a.weight'])
    const info = file.info('a.weight')
    expect(await file.readFloat32('a.weight')).toEqual(Float32Array.from(expected))
    await file.close()
    expect(await readFloat32(info)).toEqual(Float32Array.from(expected))
    expect(readFloat32Sync(info)).toEqual(Float32Array.from(expected))
    const [, second] = splitRows(info, 2, 'a.weight')
    expect(await readFloat32(second as never)).toEqual(Float32Array.from(expected).subarray(3))
  })

  test('scales of blocks are refused, and scales that are not floats', async () => {
    await expect(open({ 'a.weight': weight, [`a.${name}`]: scale([2, 3], 1, 1, 1, 1, 1, 1) })).rejects.toThrow(
      'Scales of blocks are not supported',
    )
    const integers: WeightTensor = { dtype: 'U8', shape: [], data: Uint8Array.of(1) }
    await expect(open({ 'a.weight': weight, [`a.${name}`]: integers })).rejects.toThrow(
      'holds U8, but a scale is of floats',
    )
  })
})

test('scales beside other types stay tensors of their own', async () => {
  const file = await open({ 'a.weight': scale([1], 1), 'a.scale_weight': scale([], 3) })
  expect([...file.keys].sort()).toEqual(['a.scale_weight', 'a.weight'])
  await file.close()
})

test('the index of a sharded checkpoint may name scales, which are applied', async () => {
  await writeSafetensors(join(folder(), 'model-1.safetensors'), { 'a.weight': weight, 'a.scale_weight': scale([], 3) })
  const map = { 'a.weight': 'model-1.safetensors', 'a.scale_weight': 'model-1.safetensors' }
  await writeFile(join(folder(), 'model.safetensors.index.json'), JSON.stringify({ metadata: {}, weight_map: map }))
  const checkpoint = await openCheckpoint(folder(), { weightsName: 'model' })
  expect(checkpoint.keys).toEqual(['a.weight'])
  expect(await checkpoint.readFloat32('a.weight')).toEqual(Float32Array.of(3, 6, 1.5, -3, 1344, 3 * 2 ** -9))
  await checkpoint.close()
})
