/** Recorded tensors of a safetensors file. */
import { SafetensorsFile } from '../../index'
import type { GoldenTensor } from '../../testing/goldens/golden-case'

/** Looks up a tensor of a file of float32 numbers. */
export type RecordedTensors = (name: string) => GoldenTensor

/** Reads all tensors of a file. */
export async function readTensors(path: string): Promise<RecordedTensors> {
  const file = await SafetensorsFile.open(path)
  const tensors = new Map<string, GoldenTensor>()
  for (const name of file.keys) {
    const { dtype, shape } = file.info(name)
    tensors.set(name, { name, dtype, shape, values: await file.readFloat32(name) })
  }
  await file.close()
  return name => {
    const tensor = tensors.get(name)
    if (tensor === undefined) throw new Error(`${path} has no tensor "${name}".`)
    return tensor
  }
}

/** One element along the first axis, as a batch of one. */
export function entryOf(stacked: GoldenTensor, index: number): GoldenTensor {
  const [, ...shape] = stacked.shape
  const size = shape.reduce((product, length) => product * length, 1)
  return {
    ...stacked,
    shape: [1, ...shape],
    values: stacked.values.subarray(index * size, (index + 1) * size) as Float32Array,
  }
}
