/** Convolutions, products of matrices, pooling, resizing, norms and attention. */
import * as tf from '../../../tensors/tf'
import type { GraphDType, GraphValue, KernelAttrs, TensorSpec } from '../graph'
import { type Infer, input, type KernelInputs, UnsupportedForm } from './inference'

type Shape4D = [number, number, number, number]

/** Sizes of a convolution and the padding that its attributes come to. */
export function conv2dInfo(x: GraphValue, filter: GraphValue, attrs: KernelAttrs, depthwise = false) {
  const { strides, pad, dilations, dimRoundingMode } = attrs as unknown as tf.Conv2DAttrs
  const rounding = dimRoundingMode as 'floor' | undefined
  return tf.backend_util.computeConv2DInfo(
    [...x.shape] as Shape4D,
    [...filter.shape] as Shape4D,
    strides,
    dilations ?? 1,
    pad,
    rounding,
    depthwise,
  )
}

/** Whether a convolution is a product of each position with the weight. */
export function isPointwise(info: ReturnType<typeof conv2dInfo>): boolean {
  const { top, bottom, left, right } = info.padInfo
  const sizes = [info.filterHeight, info.filterWidth, info.strideHeight, info.strideWidth]
  return sizes.every(size => size === 1) && top + bottom + left + right === 0
}

/** Sizes of a pooling and the padding that its attributes come to. */
export function pool2dInfo(x: GraphValue, attrs: KernelAttrs) {
  const { filterSize, strides, pad, dimRoundingMode } = attrs as unknown as tf.AvgPoolAttrs
  return tf.backend_util.computePool2DInfo([...x.shape] as Shape4D, filterSize, strides, 1, pad, dimRoundingMode)
}

const convolution =
  (depthwise: boolean): Infer =>
  (inputs, attrs) => {
    if (attrs.dataFormat === 'NCHW') throw new UnsupportedForm('has the data format NCHW')
    return {
      shape: conv2dInfo(input(inputs, 'x'), input(inputs, 'filter'), attrs, depthwise).outShape,
      dtype: 'float32',
    }
  }

const pooling: Infer = (inputs, attrs) => ({ shape: pool2dInfo(input(inputs, 'x'), attrs).outShape, dtype: 'float32' })

const resized =
  (dtype?: GraphDType): Infer =>
  (inputs, { size }) => {
    const images = input(inputs, 'images')
    const [height, width] = size as [number, number]
    return {
      shape: [images.shape[0] as number, height, width, images.shape[3] as number],
      dtype: dtype ?? images.dtype,
    }
  }

function matMul(inputs: KernelInputs, { transposeA, transposeB }: KernelAttrs): TensorSpec {
  const [a, b] = [input(inputs, 'a').shape, input(inputs, 'b').shape]
  const batch = tf.backend_util.assertAndGetBroadcastShape(a.slice(0, -2), b.slice(0, -2))
  const rows = a.at(transposeA ? -1 : -2) as number
  const columns = b.at(transposeB ? -2 : -1) as number
  return {
    shape: [...batch, rows, columns],
    dtype: tf.upcastType(input(inputs, 'a').dtype, input(inputs, 'b').dtype) as GraphDType,
  }
}

const sameAs =
  (name: string): Infer =>
  inputs => ({ shape: input(inputs, name).shape, dtype: 'float32' })

/** Shapes and types of the kernels here. */
export const neuralKernels: Readonly<Record<string, Infer>> = {
  AvgPool: pooling,
  BatchMatMul: matMul,
  Conv2D: convolution(false),
  Conv2DBackpropInput: (_inputs, { inputShape }) => ({ shape: inputShape as number[], dtype: 'float32' }),
  DepthwiseConv2dNative: convolution(true),
  DepthToSpace: (inputs, { blockSize }) => {
    const { shape, dtype } = input(inputs, 'x')
    const [batch, height, width, channels] = shape as Shape4D
    const block = blockSize as number
    return { shape: [batch, height * block, width * block, channels / block ** 2], dtype }
  },
  FusedBatchNorm: sameAs('x'),
  FusedConv2D: convolution(false),
  FusedDepthwiseConv2D: convolution(true),
  MaxPool: pooling,
  ResizeBilinear: resized('float32'),
  ResizeNearestNeighbor: resized(),
  _FusedMatMul: matMul,
  GroupNormalization: sameAs('x'),
  LayerNormalization: sameAs('x'),
  ScaledDotProductAttention: sameAs('query'),
}
