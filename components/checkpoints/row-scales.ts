/** Finds the scales of integers in a checkpoint that Tesserae has quantized: `NAME_scale` for each tensor `NAME` of I8, or of U8, which holds two numbers in each byte. */
import { printableValue } from '../../src/errors/printable'
import type {
  Checkpoint,
  RowDType,
  SafetensorsCheckpoint,
  SafetensorsTensor,
  TensorInfo,
  WeightDType,
} from './checkpoint'
import { CheckpointView } from './checkpoint-view'
import { SafetensorsError } from './safetensors-error'

/** How many numbers of 4 bits have one scale. */
export const INT4_BLOCK = 64

/** What a header calls the integers of each form. */
export const HEADER_DTYPES = { I8_ROWS: 'I8', I4_ROWS: 'U8' } as const satisfies Record<RowDType, WeightDType>

function formOf(dtype: WeightDType): RowDType | undefined {
  return (['I8_ROWS', 'I4_ROWS'] as const).find(form => HEADER_DTYPES[form] === dtype)
}

/** The key of the scales of a weight. */
export function rowScalesKey(key: string): string {
  return `${key}_scale`
}

/** The shape of the integers of a weight in a file. @param shape `[out, in]` or `[out, in, height, width]` */
export function storedShape(form: RowDType, shape: readonly number[]): number[] {
  if (form === 'I8_ROWS') return [...shape]
  const [out = 1, into = 1, ...window] = shape
  return [out, ...window, into / 2]
}

/** The shape of the scales of a weight. */
export function scalesShape(form: RowDType, [out = 1, ...row]: readonly number[]): number[] {
  return form === 'I8_ROWS' ? [out] : [out, row.reduce((size, length) => size * length, 1) / INT4_BLOCK]
}

/**
 * Returns the checkpoint with each tensor of integers as one of the type `I8_ROWS` or `I4_ROWS`, which has its scales, and the shape of the weight. The scales are
 * no longer tensors of their own. Nothing is copied, and nothing is read.
 *
 * @throws SafetensorsError for scales that are missing (`missing-tensor`), of another type (`wrong-dtype`) or shape (`invalid-shape`); for integers that do not have the shape of a weight
 */
export function withRowScales(checkpoint: SafetensorsCheckpoint): Checkpoint {
  const keys = new Set(checkpoint.keys)
  const tensors = new Map<string, TensorInfo>([...keys].map(key => [key, checkpoint.info(key)]))
  for (const key of keys) {
    const info = checkpoint.info(key)
    const form = formOf(info.dtype)
    if (form === undefined) continue
    const place = rowScalesKey(key)
    if (!keys.has(place)) {
      const detail = `is missing: the ${info.dtype} tensor "${key}" needs these scales. Write the folder again with tesserae quantize.`
      throw new SafetensorsError(info.file, 'missing-tensor', detail, { tensor: place })
    }
    const shape = weightShape(form, info, key)
    const scale = checkpoint.info(place)
    requireRowScales(scale, scalesShape(form, shape), place)
    tensors.set(key, { ...info, shape, dtype: form, scale })
    tensors.delete(place)
  }
  return new CheckpointView(checkpoint.path, tensors)
}

/** The shape of the weight that integers of a file stand for. @throws SafetensorsError (`invalid-shape`) */
function weightShape(form: RowDType, { shape, file }: SafetensorsTensor, tensor: string): number[] {
  if (form === 'I8_ROWS') return [...shape]
  const [out = 0, ...row] = shape
  const into = 2 * (row.pop() ?? 0)
  const whole = [out, into, ...row]
  const isWeight = (whole.length === 2 || whole.length === 4) && Number.isInteger(scalesShape(form, whole)[1])
  if (isWeight) return whole
  const detail = `has the shape ${printableValue(shape)}, expected rows of ${INT4_BLOCK / 2} bytes or a multiple of it.`
  throw new SafetensorsError(file, 'invalid-shape', detail, { tensor })
}

function requireRowScales(scale: SafetensorsTensor, expected: readonly number[], tensor: string): void {
  const { file, dtype, shape } = scale
  if (dtype !== 'F32') {
    throw new SafetensorsError(file, 'wrong-dtype', `holds ${dtype}, but scales are F32.`, { tensor })
  }
  if (shape.join() === expected.join()) return
  const detail = `has the shape ${printableValue(shape)}, and the scales of its weight have ${printableValue(expected)}.`
  throw new SafetensorsError(file, 'invalid-shape', detail, { tensor })
}
