/** Writes the tensors of a safetensors file into a GGUF file, or as 8-bit floats, and says which numbers are in there. */
import { writeFile } from 'node:fs/promises'
import { readHeaderSync } from '../../../components/checkpoints/read-header-sync'
import { readFloat32 } from '../../../components/checkpoints/read-tensor'
import { SafetensorsFile } from '../../../components/checkpoints/safetensors-file'
import { type WeightTensor, writeSafetensors } from '../../../components/checkpoints/write-safetensors'
import { type GGUFTensor, ggufBytes, plain, q8_0, type TypedValue } from '../checkpoints/gguf-bytes'

/** The tensors of a file whose keys a test picks, by the keys without a prefix. */
export async function tensorsBelow(path: string, prefix: string): Promise<Map<string, [number[], Float32Array]>> {
  const file = await SafetensorsFile.open(path)
  try {
    const tensors = new Map<string, [number[], Float32Array]>()
    for (const key of file.keys) {
      if (key.startsWith(prefix))
        tensors.set(key.slice(prefix.length), [[...file.info(key).shape], await file.readFloat32(key)])
    }
    return tensors
  } finally {
    await file.close()
  }
}

/** Writes tensors as ComfyUI-GGUF does: vectors as they are, all others as Q8_0, whose rows are made for the blocks. */
export async function writeGGUF(
  to: string,
  tensors: ReadonlyMap<string, readonly [shape: readonly number[], values: Float32Array]>,
  architecture: string | undefined,
): Promise<void> {
  const metadata: Record<string, TypedValue> = {}
  if (architecture !== undefined) metadata['general.architecture'] = ['string', architecture]
  const written: Record<string, GGUFTensor> = {}
  for (const [key, [shape, values]] of tensors) {
    if (shape.length < 2 || values.length % 32 !== 0) {
      written[key] = plain(shape, values)
    } else if ((shape.at(-1) ?? 0) % 32 === 0) {
      written[key] = q8_0(shape, values)
    } else {
      metadata[`comfy.gguf.orig_shape.${key}`] = ['ints', shape]
      written[key] = q8_0([values.length / 32, 32], values)
    }
  }
  await writeFile(to, ggufBytes({ metadata, tensors: written }))
}

/** Writes the numbers of a file, decoded, into a safetensors file. */
export async function writeDecoded(from: string, to: string): Promise<void> {
  const tensors: Record<string, WeightTensor> = {}
  for (const [key, info] of readHeaderSync(from).tensors) {
    tensors[key] = { dtype: 'F32', shape: info.shape, data: await readFloat32(info) }
  }
  await writeSafetensors(to, tensors)
}
