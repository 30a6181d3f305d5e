/**
 * A 3×3 convolution of a map that nearest-neighbour upsampling has doubled. Each of the four results that belong to one position of the small map
 * sees only 2×2 of its positions, some of them several times. So four 2×2 convolutions of the small map, with sums of
 * the kernel's weights, give the same numbers. They take 16 multiplications instead of 36, and the large map is never
 * made.
 */
import type { GraphNode, GraphValue } from '../../recorder/graph'
import type { OnnxBuilder } from '../onnx-builder'

/** Rows of the 3×3 kernel that fall on the first and on the second of the two positions seen, for results above and below. */
const ROWS = [
  [[0], [1, 2]],
  [[0, 1], [2]],
] as const

/**
 * Positions of the small map from which on it pays. To sum the weights takes as long as to convolve about 120 of them, and weights that are widened whenever
 * they are used are summed as often.
 */
const WORTHWHILE = 256

/** The small map, where a convolution's input is one that was doubled. */
export function doubledMap(x: GraphValue): GraphValue | undefined {
  if (x.origin.kind !== 'node' || x.origin.node.kernel !== 'ResizeNearestNeighbor') return undefined
  const { inputs, attrs } = x.origin.node
  const images = inputs.images as GraphValue
  const [batch = 0, height = 0, width = 0] = images.shape
  // Also, ONNX Runtime's convolution for WebGPU overlooks the padding behind a map of the kernel's size.
  const isWorthIt = batch * height * width >= WORTHWHILE
  const isDoubled = isWorthIt && x.shape[1] === 2 * height && x.shape[2] === 2 * width
  return isDoubled && !attrs.alignCorners && !attrs.halfPixelCenters ? images : undefined
}

/** Whether a convolution is one that can be taken apart: 3×3, with stride 1 and one row and column of zeros on each side. */
export function isPlain3x3(info: ReturnType<typeof import('../../recorder/kernels/neural')['conv2dInfo']>): boolean {
  const { filterHeight, filterWidth, strideHeight, strideWidth, dilationHeight, dilationWidth, padInfo } = info
  const sides = [padInfo.top, padInfo.bottom, padInfo.left, padInfo.right]
  const ones = [strideHeight, strideWidth, dilationHeight, dilationWidth, ...sides]
  return filterHeight === 3 && filterWidth === 3 && ones.every(value => value === 1)
}

/**
 * Writes the four convolutions and puts their results together.
 *
 * @param weight - name of the kernel, `[out, in, 3, 3]`
 * @returns the name of the result, channels first
 */
export function convolveDoubled(
  builder: OnnxBuilder,
  images: GraphValue,
  weight: string,
  filter: GraphNode['inputs'][string],
  bias: string | undefined,
): string {
  const [, , inChannels = 0, outChannels = 0] = filter.shape
  const source = builder.channelsFirst(images)
  const results = sumTaps(builder, weight, outChannels * inChannels).map((part, i) => {
    const [below, right] = [i >> 1, i & 1]
    const kernel = builder.reshape(part, [outChannels, inChannels, 2, 2])
    return builder.add('Conv', bias === undefined ? [source, kernel] : [source, kernel, bias], {
      kernel_shape: [2, 2],
      pads: [1 - below, 1 - right, below, right],
    })
  })
  return builder.add('DepthToSpace', [builder.add('Concat', results, { axis: 1 })], { blocksize: 2, mode: 'DCR' })
}

/**
 * Writes the weights of the four kernels: sums of those of a 3×3 kernel.
 *
 * @param weight - name of floats `[out, in, 3, 3]`
 * @param rows - `out · in`
 * @returns names of `[rows, 4]`, for results above left, above right, below left and below right
 */
export function sumTaps(builder: OnnxBuilder, weight: string, rows: number): string[] {
  const sums = builder.add('MatMul', [
    builder.reshape(weight, [rows, 9]),
    builder.constant(tapSums(), [9, 16], 'float32'),
  ])
  return builder.addMany('Split', [sums, builder.ints([4, 4, 4, 4])], { axis: 1 }, { outputs: 4 })
}

/** Which of the nine weights are summed for each of the four weights of each of the four kernels: `[9, 4 · 4]`. */
function tapSums(): Float32Array {
  const sums = new Float32Array(9 * 16)
  for (const [below, rows] of ROWS.entries())
    for (const [right, columns] of ROWS.entries())
      for (const [y, summedRows] of rows.entries())
        for (const [x, summedColumns] of columns.entries())
          for (const row of summedRows)
            for (const column of summedColumns) sums[(3 * row + column) * 16 + (2 * below + right) * 4 + 2 * y + x] = 1
  return sums
}
