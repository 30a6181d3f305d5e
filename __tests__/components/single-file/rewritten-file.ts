/** Writes a file with the tensors of another one under other names. */
import { SafetensorsFile } from '../../../components/checkpoints/safetensors-file'
import { type WeightTensor, writeSafetensors } from '../../../components/checkpoints/write-safetensors'

/** What becomes of a tensor: its new name, or `undefined` to leave it out; and its new shape. */
export type Rewrite = (key: string, shape: readonly number[]) => { key: string; shape?: readonly number[] } | undefined

/** Writes the tensors of a file into another one. */
export async function rewriteFile(
  from: string,
  to: string,
  rewrite: Rewrite,
  { extra = {}, metadata = {} }: { extra?: Record<string, WeightTensor>; metadata?: Record<string, string> } = {},
): Promise<void> {
  const file = await SafetensorsFile.open(from)
  const tensors: Record<string, WeightTensor> = { ...extra }
  try {
    for (const key of file.keys) {
      const { dtype, shape } = file.info(key)
      const written = rewrite(key, shape)
      if (written) tensors[written.key] = { dtype, shape: written.shape ?? shape, data: await file.readBytes(key) }
    }
  } finally {
    await file.close()
  }
  await writeSafetensors(to, tensors, metadata)
}

/** A tensor of zeros. */
export function zeros(...shape: number[]): WeightTensor {
  return { dtype: 'F32', shape, data: new Float32Array(shape.reduce((product, size) => product * size, 1)) }
}

/** Writes a file of zeros with these names and shapes. */
export function writeZeros(to: string, shapes: Readonly<Record<string, readonly number[]>>): Promise<void> {
  return writeSafetensors(to, Object.fromEntries(Object.entries(shapes).map(([key, shape]) => [key, zeros(...shape)])))
}
