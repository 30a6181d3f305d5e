/**
 * A 3×3 convolution in 8 bits of a map that nearest-neighbour upsampling has doubled, as four 2×2 convolutions of the small map (see
 * `upsampled-convolution.ts`). Sums of four weights of 8 bits have 10 bits. They are rounded to 8 again, by a scale for each output channel of each
 * of the four kernels. The runtime does that once, when it makes a session. So stored weights and those that are quantized at loading give the same numbers.
 */
import type { GraphValue } from '../../recorder/graph'
import { TensorProto_DataType } from '../generated/onnx_pb'
import type { OnnxBuilder, QuantizedWeight } from '../onnx-builder'
import { product } from './quantized-product'
import { sumTaps } from './upsampled-convolution'
import { gatherWindows } from './windows'

/** The largest number of 8 bits that weights have. */
const LARGEST = 127

/** A convolution of a doubled map. */
interface DoubledConvolution {
  /** The small map. */
  readonly images: GraphValue
  /** `[out, in, 3, 3]`. */
  readonly weight: QuantizedWeight
  readonly bias: string | undefined
  readonly outChannels: number
}

/** Writes the four convolutions and puts their results together. Returns the name of the result, channels last. */
export function convolveDoubledInBits(
  builder: OnnxBuilder,
  { images, weight, bias, outChannels }: DoubledConvolution,
): string {
  const [batchSize = 1, outHeight = 1, outWidth = 1, inChannels = 1] = images.shape
  const rounded = builder.rounded(images)
  const floats = builder.add('Cast', [weight.values], { to: TensorProto_DataType.FLOAT })
  const results = sumTaps(builder, floats, outChannels * inChannels).map((sums, i) => {
    const [below, right] = [i >> 1, i & 1]
    const geometry = {
      batchSize,
      outHeight,
      outWidth,
      filterHeight: 2,
      filterWidth: 2,
      strideHeight: 1,
      strideWidth: 1,
    }
    const padInfo = { top: 1 - below, left: 1 - right }
    const windows = gatherWindows(builder, { map: images, factor: [1, 1], ...rounded }, { ...geometry, padInfo })
    const kernel = roundSums(builder, sums, weight.scales, [outChannels, inChannels])
    return product(builder, { ...rounded, values: windows }, kernel, bias)
  })
  const rows = [results.slice(0, 2), results.slice(2)].map(pair =>
    builder.reshape(builder.add('Concat', pair, { axis: 1 }), [batchSize * outHeight, outWidth * 2 * outChannels]),
  )
  return builder.add('Concat', rows, { axis: 1 })
}

/** Rounds sums of integers `[out · in, 4]` to 8 bits. Returns the weight of a product, `[4 · in, out]`. */
function roundSums(
  builder: OnnxBuilder,
  sums: string,
  scales: string,
  [outChannels, inChannels]: readonly [number, number],
): QuantizedWeight {
  const ofChannels = builder.reshape(sums, [outChannels, inChannels * 4])
  const largest = builder.add('ReduceMax', [builder.add('Abs', [ofChannels]), builder.ints([1])], { keepdims: 1 })
  // Whole numbers: below 1 is 0 alone.
  const step = builder.add('Div', [builder.add('Max', [largest, builder.scalar(1)]), builder.scalar(LARGEST)])
  const integers = builder.add('Cast', [builder.add('Round', [builder.add('Div', [ofChannels, step])])], {
    to: TensorProto_DataType.INT8,
  })
  const columns = builder.transpose(builder.reshape(integers, [outChannels, inChannels, 4]), [2, 1, 0])
  return {
    values: builder.reshape(columns, [4 * inChannels, outChannels]),
    scales: builder.add('Mul', [scales, builder.reshape(step, [outChannels])]),
  }
}
