/** Finds the scales of 8-bit integers in a checkpoint that Tesserae has quantized: `NAME_scale` for each tensor `NAME` of I8. */
import { printableValue } from '../../src/errors/printable'
import type { Checkpoint, SafetensorsCheckpoint, SafetensorsTensor, TensorInfo } from './checkpoint'
import { CheckpointView } from './checkpoint-view'
import { SafetensorsError } from './safetensors-error'

/** The key of the scales of a weight. */
export function rowScalesKey(key: string): string {
  return `${key}_scale`
}

/**
 * Returns the checkpoint with each tensor of 8-bit integers as one of the type `I8_ROWS`, which has its scales, one
 * float32 for each row. The scales are no longer tensors of their own. Nothing is copied, and nothing is read.
 *
 * @throws SafetensorsError for scales that are missing (`missing-tensor`), of another type (`wrong-dtype`) or shape (`invalid-shape`)
 */
export function withRowScales(checkpoint: SafetensorsCheckpoint): Checkpoint {
  const keys = new Set(checkpoint.keys)
  const tensors = new Map<string, TensorInfo>([...keys].map(key => [key, checkpoint.info(key)]))
  for (const key of keys) {
    const info = checkpoint.info(key)
    if (info.dtype !== 'I8') continue
    const place = rowScalesKey(key)
    if (!keys.has(place)) {
      const detail = `is missing: the I8 tensor "${key}" needs these scales. Write the folder again with tesserae quantize.`
      throw new SafetensorsError(info.file, 'missing-tensor', detail, { tensor: place })
    }
    const scale = checkpoint.info(place)
    requireRowScales(scale, info, place)
    tensors.set(key, { ...info, dtype: 'I8_ROWS', scale })
    tensors.delete(place)
  }
  return new CheckpointView(checkpoint.path, tensors)
}

function requireRowScales(scale: SafetensorsTensor, { shape }: SafetensorsTensor, tensor: string): void {
  const { file, dtype } = scale
  if (dtype !== 'F32') {
    throw new SafetensorsError(file, 'wrong-dtype', `holds ${dtype}, but scales are F32.`, { tensor })
  }
  if (scale.shape.length === 1 && scale.shape[0] === shape[0]) return
  const detail = `has the shape ${printableValue(scale.shape)}, and its weight ${printableValue(shape)}: expected one scale for each row.`
  throw new SafetensorsError(file, 'invalid-shape', detail, { tensor })
}
