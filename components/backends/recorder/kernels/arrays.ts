/** Kernels that move elements and compute nothing. */
import * as tf from '../../../tensors/tf'
import type { GraphDType, GraphValue, KernelAttrs } from '../graph'
import { type Infer, input, type KernelInputs, UnsupportedForm } from './inference'

/** The inputs of a kernel that takes a list. */
const inputList = (inputs: KernelInputs): GraphValue[] => Object.values(inputs)

const axisOf = (axis: unknown, rank: number) => ((axis as number) + rank) % rank

/** Shapes and types of the kernels here. */
export const arrayKernels: Readonly<Record<string, Infer>> = {
  Concat: (inputs, { axis }) => {
    const values = inputList(inputs).filter(value => !value.shape.includes(0) || inputList(inputs).length === 1)
    const first = values[0] ?? input(inputs, '0')
    const at = axisOf(axis, first.shape.length)
    return {
      shape: tf.backend_util.computeOutShape(
        values.map(value => [...value.shape]),
        at,
      ),
      dtype: first.dtype,
    }
  },
  ExpandDims: (inputs, { dim }) => {
    const { shape, dtype } = input(inputs, 'input')
    const at = axisOf(dim, shape.length + 1)
    return { shape: [...shape.slice(0, at), 1, ...shape.slice(at)], dtype }
  },
  Fill: (_inputs, { shape, dtype, value }) => ({
    shape: shape as number[],
    dtype: (dtype as GraphDType | undefined) ?? (tf.util.inferDtype(value as number) as GraphDType),
  }),
  GatherV2: (inputs, { axis, batchDims }) => {
    if (batchDims) throw new UnsupportedForm('has batchDims')
    const [x, indices] = [input(inputs, 'x'), input(inputs, 'indices')]
    const at = axisOf(axis, x.shape.length)
    const shape = [...x.shape.slice(0, at), ...indices.shape, ...x.shape.slice(at + 1)]
    return { shape, dtype: x.dtype }
  },
  MirrorPad: (inputs, { paddings }) => padded(input(inputs, 'x'), paddings),
  OneHot: (inputs, { depth, dtype }) => ({
    shape: [...input(inputs, 'indices').shape, depth as number],
    dtype: (dtype as GraphDType | undefined) ?? 'int32',
  }),
  Pack: (inputs, { axis }) => {
    const { shape, dtype } = input(inputs, '0')
    const at = axisOf(axis, shape.length + 1)
    return { shape: [...shape.slice(0, at), inputList(inputs).length, ...shape.slice(at)], dtype }
  },
  PadV2: (inputs, { paddings }) => padded(input(inputs, 'x'), paddings),
  Range: (_inputs, { start, stop, step, dtype }) => ({
    shape: [Math.max(0, Math.ceil(((stop as number) - (start as number)) / (step as number)))],
    dtype: dtype as GraphDType,
  }),
  Reshape: (inputs, { shape }) => {
    const x = input(inputs, 'x')
    return {
      shape: tf.util.inferFromImplicitShape(shape as number[], tf.util.sizeFromShape([...x.shape])),
      dtype: x.dtype,
    }
  },
  Reverse: inputs => input(inputs, 'x'),
  Slice: (inputs, attrs) => {
    const x = input(inputs, 'x')
    return { shape: sliceRange(x, attrs).size, dtype: x.dtype }
  },
  SplitV: (inputs, { numOrSizeSplits, axis }) => {
    const x = input(inputs, 'x')
    const at = axisOf(axis, x.shape.length)
    const sizes = splitSizes(x, numOrSizeSplits, at)
    return sizes.map(size => ({ shape: x.shape.with(at, size), dtype: x.dtype }))
  },
  StridedSlice: (inputs, attrs) => {
    const { shape, dtype } = input(inputs, 'x')
    const { begin, end, strides, beginMask, endMask, ellipsisMask, newAxisMask, shrinkAxisMask } =
      attrs as unknown as tf.StridedSliceAttrs
    const masks = [beginMask, endMask, ellipsisMask, newAxisMask, shrinkAxisMask] as const
    const { finalShape } = tf.slice_util.sliceInfo([...shape], begin, end, strides, ...masks)
    return { shape: finalShape, dtype }
  },
  Tile: (inputs, { reps }) => {
    const x = input(inputs, 'x')
    return { shape: x.shape.map((length, axis) => length * ((reps as number[])[axis] ?? 1)), dtype: x.dtype }
  },
  Transpose: (inputs, { perm }) => {
    const x = input(inputs, 'x')
    return { shape: (perm as number[]).map(axis => x.shape[axis] as number), dtype: x.dtype }
  },
  Unpack: (inputs, { axis }) => {
    const { shape, dtype } = input(inputs, 'value')
    const at = axisOf(axis, shape.length)
    return Array.from({ length: shape[at] as number }, () => ({ shape: shape.toSpliced(at, 1), dtype }))
  },
}

function padded({ shape, dtype }: GraphValue, paddings: unknown) {
  const around = paddings as [number, number][]
  return { shape: shape.map((length, axis) => length + (around[axis]?.[0] ?? 0) + (around[axis]?.[1] ?? 0)), dtype }
}

/** Where a slice begins, and how many elements it has in each dimension. */
export function sliceRange(x: GraphValue, attrs: KernelAttrs): { begin: number[]; size: number[] } {
  const { begin, size } = attrs as unknown as tf.SliceAttrs
  const [from, length] = tf.slice_util.parseSliceParams(
    { shape: [...x.shape], rank: x.shape.length } as tf.Tensor,
    begin,
    size,
  )
  return { begin: from as number[], size: length as number[] }
}

/** How many elements each part of a split gets. */
export function splitSizes(x: GraphValue, numOrSizeSplits: unknown, axis: number): number[] {
  const length = x.shape[axis] as number
  if (typeof numOrSizeSplits === 'number') return new Array<number>(numOrSizeSplits).fill(length / numOrSizeSplits)
  const sizes = numOrSizeSplits as number[]
  const rest = length - sizes.filter(size => size >= 0).reduce((sum, size) => sum + size, 0)
  return sizes.map(size => (size < 0 ? rest : size))
}
