/**
 * Finds the factors of 8-bit floats. ComfyUI writes them beside the weights: `NAME.scale_weight` or `NAME.weight_scale` for `NAME.weight`. Source: ComfyUI
 * comfy/ops.py (scaled_fp8_ops, mixed_precision_ops).
 */
import { printableValue } from '../../src/errors/printable'
import type { SafetensorsTensor } from './checkpoint'
import { isFloat8DType } from './float8'
import { SafetensorsError } from './safetensors-error'
import { isFloatDType } from './weight-dtypes'

/** What is beside a weight of 8 bits and says nothing about its numbers: the range of its layer's inputs, and the name of its format. */
const BESIDE = ['scale_input', 'input_scale', 'comfy_quant']

/** A tensor without numbers that says that the file has scales. */
const MARKER = /(?:^|\.)scaled_fp8$/

/**
 * Returns the tensors of a file, those of 8-bit floats with their scales, and without the tensors that are there for computing in 8 bits alone.
 *
 * @throws SafetensorsError for scales of another type (`wrong-dtype`) or number (`invalid-shape`) than one for the tensor, or one for each row
 */
export function withFloat8Scales(
  tensors: ReadonlyMap<string, SafetensorsTensor>,
  file: string,
): ReadonlyMap<string, SafetensorsTensor> {
  const scales = new Map<string, SafetensorsTensor>()
  const beside = new Set<string>()
  for (const [key, info] of tensors) {
    if (!isFloat8DType(info.dtype)) continue
    const layer = key.replace(/weight$/, '')
    for (const name of BESIDE) beside.add(layer + name)
    const place = [`${layer}scale_weight`, `${key}_scale`].find(name => tensors.has(name))
    const scale = place === undefined ? undefined : tensors.get(place)
    if (place === undefined || scale === undefined) continue
    requireScale(file, place, scale, info)
    scales.set(key, scale)
    beside.add(place)
  }
  const kept = [...tensors].filter(([key]) => !beside.has(key) && !MARKER.test(key))
  return new Map(
    kept.map(([key, info]) => {
      const scale = scales.get(key)
      return [key, scale === undefined ? info : { ...info, scale }]
    }),
  )
}

function requireScale(file: string, tensor: string, scale: SafetensorsTensor, { shape }: SafetensorsTensor): void {
  if (!isFloatDType(scale.dtype)) {
    throw new SafetensorsError(file, 'wrong-dtype', `holds ${scale.dtype}, but a scale is of floats.`, { tensor })
  }
  const count = scale.shape.reduce((product, size) => product * size, 1)
  if (count === 1 || (count === shape[0] && count === scale.shape[0])) return
  const detail =
    `has the shape ${printableValue(scale.shape)}, and its weight ${printableValue(shape)}: expected one scale, or one for each row. ` +
    'Scales of blocks are not supported. Use another file of this model.'
  throw new SafetensorsError(file, 'invalid-shape', detail, { tensor })
}
