/** Convolutions, products of matrices, pooling, resizing, norms and attention. Maps are brought channels-first and stay so. */
import * as tf from '../../../tensors/tf'
import { type GraphNode, type GraphValue, isMatrix } from '../../recorder/graph'
import { conv2dInfo, pool2dInfo } from '../../recorder/kernels/neural'
import { CHANNELS_FIRST, float, type OnnxBuilder, permute } from '../onnx-builder'
import { attention } from './attention'
import { storedFactor } from './linear'
import { inputOf, type OperatorWriter, outputOf } from './operator-writer'
import { kernelRows, tiledSizes } from './tiled-convolutions'
import { convolveDoubled, doubledMap, isPlain3x3 } from './upsampled-convolution'
import { convolveInTiles } from './winograd-convolution'

/** Activations that TensorFlow.js fuses into a convolution or a product. */
const fusedActivations: Readonly<Record<string, string>> = {
  relu: 'Relu',
  sigmoid: 'Sigmoid',
  elu: 'Elu',
  leakyrelu: 'LeakyRelu',
}

/** @param slopes - of a PReLU, in the order of the result */
function activate(node: GraphNode, builder: OnnxBuilder, name: string, slopes?: string): string {
  const activation = (node.attrs.activation as string | undefined) ?? 'linear'
  if (activation === 'linear') return name
  if (activation === 'relu6') return builder.add('Clip', [name, builder.scalar(0), builder.scalar(6)])
  if (activation === 'prelu') {
    return builder.add('PRelu', [name, slopes ?? builder.channelsFirst(inputOf(node, 'preluActivationWeights'))])
  }
  const alpha = activation === 'leakyrelu' ? { alpha: float(node.attrs.leakyreluAlpha as number) } : {}
  return builder.add(fusedActivations[activation] as string, [name], alpha)
}

const convolution =
  (depthwise: boolean): OperatorWriter =>
  (node, builder) => {
    const [x, filter] = [inputOf(node, 'x'), inputOf(node, 'filter')]
    const info = conv2dInfo(x, filter, node.attrs, depthwise)
    // [height, width, in, out] to [out, in, height, width]; a depthwise filter has one input channel for each of its groups.
    const weight = depthwise
      ? builder.reshape(builder.transpose(builder.plain(filter), [2, 3, 0, 1]), [
          info.outChannels,
          1,
          info.filterHeight,
          info.filterWidth,
        ])
      : builder.transpose(builder.plain(filter), [3, 2, 0, 1])
    const bias = node.inputs.bias && vector(builder, node.inputs.bias, info.outChannels)
    const images = depthwise || !isPlain3x3(info) ? undefined : doubledMap(x)
    if (images) {
      const doubled = convolveDoubled(builder, images, weight, filter, bias)
      builder.bind(outputOf(node), activate(node, builder, doubled), 'channelsFirst')
      return
    }
    const sizes = tiledSizes(node, builder.options)
    if (sizes) {
      const names = { map: builder.channelsFirst(x), weight: kernelRows(builder, filter, weight), bias }
      const tiled = convolveInTiles(builder, names, sizes)
      builder.bind(outputOf(node), activate(node, builder, tiled), 'channelsFirst')
      return
    }
    const inputs = [builder.channelsFirst(x), weight]
    if (bias) inputs.push(bias)
    const name = builder.add('Conv', inputs, {
      ...windowAttributes(info),
      dilations: [info.dilationHeight, info.dilationWidth],
      group: depthwise ? info.inChannels : info.inChannels / (filter.shape[2] as number),
    })
    builder.bind(outputOf(node), activate(node, builder, name), 'channelsFirst')
  }

/** Size, steps and padding of a window that moves over a map. Where its last step was rounded up, padding makes room for it. */
function windowAttributes(info: ReturnType<typeof conv2dInfo>) {
  const { top, bottom, left, right } = info.padInfo
  const needed = (out: number, stride: number, window: number, length: number, before: number) =>
    (out - 1) * stride + window - length - before
  const below = needed(info.outHeight, info.strideHeight, info.effectiveFilterHeight, info.inHeight, top)
  const behind = needed(info.outWidth, info.strideWidth, info.effectiveFilterWidth, info.inWidth, left)
  return {
    kernel_shape: [info.filterHeight, info.filterWidth],
    strides: [info.strideHeight, info.strideWidth],
    pads: [top, left, Math.max(bottom, below), Math.max(right, behind)],
  }
}

/** A value of any rank as a list of that length; one number stands for all. */
function vector(builder: OnnxBuilder, value: GraphValue, length: number): string {
  const name = value.shape.length === 1 ? builder.plain(value) : builder.reshape(builder.plain(value), [-1])
  const isOne = tf.util.sizeFromShape([...value.shape]) === 1 && length > 1
  return isOne ? builder.add('Expand', [name, builder.ints([length])]) : name
}

const pooling =
  (operator: string): OperatorWriter =>
  (node, builder) => {
    const x = inputOf(node, 'x')
    const name = builder.add(operator, [builder.channelsFirst(x)], windowAttributes(pool2dInfo(x, node.attrs)))
    builder.bind(outputOf(node), name, 'channelsFirst')
  }

const resizeOperator =
  (mode: 'nearest' | 'linear'): OperatorWriter =>
  (node, builder) => {
    const { alignCorners, halfPixelCenters } = node.attrs
    const output = outputOf(node)
    const images = inputOf(node, 'images')
    const floats = builder.cast(builder.channelsFirst(images), images.dtype, 'float32')
    const sizes = builder.ints(permute(output.shape, CHANNELS_FIRST))
    const name = builder.add('Resize', [floats, '', '', sizes], {
      mode,
      coordinate_transformation_mode: alignCorners ? 'align_corners' : halfPixelCenters ? 'half_pixel' : 'asymmetric',
      ...(mode === 'nearest' && { nearest_mode: alignCorners || halfPixelCenters ? 'round_prefer_ceil' : 'floor' }),
    })
    builder.bind(output, builder.cast(name, 'float32', output.dtype), 'channelsFirst')
  }

/** A product of two matrices with a bias in one operator, any other with a sum behind it. */
const matMul: OperatorWriter = (node, builder) => {
  const output = outputOf(node)
  const floats = (value: GraphValue, name = builder.plain(value)) => builder.cast(name, value.dtype, 'float32')
  const { bias } = node.inputs
  const [a, b] = [inputOf(node, 'a'), inputOf(node, 'b')]
  const columns = output.shape.at(-1) as number
  let product: string
  if (isMatrix(a) && isMatrix(b)) {
    const { value, transposed } = storedFactor(node)
    const inputs = [a, value].map(factor => asMatrix(builder, factor, floats(factor)))
    if (bias)
      inputs.push(
        isList(bias) ? vector(builder, bias, columns) : builder.reshape(builder.plain(bias), bias.shape.slice(-2)),
      )
    product = builder.add('Gemm', inputs, { transA: node.attrs.transposeA ? 1 : 0, transB: transposed ? 1 : 0 })
    product = builder.reshape(product, output.shape)
  } else {
    const factor = (value: GraphValue, isTransposed: unknown) => {
      const axes = [...value.shape.keys()]
      const flipped = [...axes.slice(0, -2), axes.length - 1, axes.length - 2]
      return isTransposed ? builder.transpose(floats(value), flipped) : floats(value)
    }
    product = builder.add('MatMul', [factor(a, node.attrs.transposeA), factor(b, node.attrs.transposeB)])
    if (bias) product = builder.add('Add', [product, builder.plain(bias)])
  }
  const slopes = node.inputs.preluActivationWeights
  const activated = activate(node, builder, product, slopes && builder.plain(slopes))
  builder.bind(output, builder.cast(activated, 'float32', output.dtype))
}

/** Whether a bias is the same for all rows. */
function isList({ shape }: GraphValue): boolean {
  return shape.slice(0, -1).every(length => length === 1)
}

function asMatrix(builder: OnnxBuilder, value: GraphValue, name: string): string {
  return value.shape.length === 2 ? name : builder.reshape(name, value.shape.slice(-2))
}

/** Statistics of each group over a row of its own; a scale and a shift for each channel follow. */
const groupNormalization: OperatorWriter = (node, builder) => {
  if (builder.options.channelsLast && !builder.isChannelsFirst(inputOf(node, 'x'))) normalizeChannelsLast(node, builder)
  else normalizeChannelsFirst(node, builder)
}

/** The same on maps that stay channels-last: the statistics of channels, from which those of groups follow. */
function normalizeChannelsLast(node: GraphNode, builder: OnnxBuilder): void {
  const [x, weight, bias] = [inputOf(node, 'x'), inputOf(node, 'weight'), inputOf(node, 'bias')]
  const { numGroups, eps } = node.attrs as { numGroups: number; eps: number }
  const [batch, channels] = [x.shape[0] as number, x.shape.at(-1) as number]
  const perGroup = [batch, numGroups, channels / numGroups]
  const mean = (name: string, axis: number) => builder.add('ReduceMean', [name, builder.ints([axis])], { keepdims: 1 })
  /** The mean of each group for each of its channels. */
  const groupMean = (name: string) => {
    const ofGroups = mean(builder.reshape(mean(name, 1), perGroup), 2)
    return builder.reshape(builder.add('Expand', [ofGroups, builder.ints(perGroup)]), [batch, 1, channels])
  }
  const rows = builder.reshape(builder.plain(x), [batch, -1, channels])
  const centered = builder.add('Sub', [rows, groupMean(rows)])
  const variance = groupMean(builder.add('Mul', [centered, centered]))
  const deviation = builder.add('Sqrt', [builder.add('Add', [variance, builder.scalar(eps)])])
  const factor = builder.add('Div', [builder.plain(weight), deviation])
  const scaled = builder.add('Add', [builder.add('Mul', [centered, factor]), builder.plain(bias)])
  builder.bind(outputOf(node), builder.reshape(scaled, x.shape))
}

function normalizeChannelsFirst(node: GraphNode, builder: OnnxBuilder): void {
  const [x, weight, bias] = [inputOf(node, 'x'), inputOf(node, 'weight'), inputOf(node, 'bias')]
  const { numGroups, eps } = node.attrs as { numGroups: number; eps: number }
  const output = outputOf(node)
  const channels = x.shape.at(-1) as number
  const shape = [x.shape[0] as number, channels, ...x.shape.slice(1, -1)]
  const map = x.shape.length === 4
  const axes = [...x.shape.keys()]
  const toFirst = [0, axes.length - 1, ...axes.slice(1, -1)]
  const source = map ? builder.channelsFirst(x) : builder.transpose(builder.plain(x), toFirst, x.shape)
  const ones = builder.constant(new Float32Array(numGroups).fill(1), [numGroups], 'float32')
  const zeros = builder.constant(new Float32Array(numGroups), [numGroups], 'float32')
  const rows = builder.reshape(source, [x.shape[0] as number, numGroups, -1])
  const normalized = builder.add('InstanceNormalization', [rows, ones, zeros], { epsilon: float(eps) })
  const perChannel = (value: GraphValue) =>
    builder.reshape(builder.plain(value), [channels, ...x.shape.slice(1, -1).fill(1)])
  const scaled = builder.add('Mul', [builder.reshape(normalized, shape), perChannel(weight)])
  const shifted = builder.add('Add', [scaled, perChannel(bias)])
  if (map) builder.bind(output, shifted, 'channelsFirst')
  else builder.bind(output, builder.transpose(shifted, [0, ...axes.slice(2), 1], shape))
}

/** Writers of the kernels here. */
export const neuralOperators: Readonly<Record<string, OperatorWriter>> = {
  AvgPool: pooling('AveragePool'),
  BatchMatMul: matMul,
  Conv2D: convolution(false),
  Conv2DBackpropInput: (node, builder) => {
    const [dy, filter] = [inputOf(node, 'dy'), inputOf(node, 'filter')]
    const info = conv2dInfo(outputOf(node), filter, node.attrs)
    const { kernel_shape, strides, pads } = windowAttributes(info)
    // What the convolution that this undoes left out at the end.
    const rest = (length: number, out: number, stride: number, window: number, around: number) =>
      length - (stride * (out - 1) + window - around)
    const [top = 0, left = 0, bottom = 0, right = 0] = pads
    const inputs = [builder.channelsFirst(dy), builder.transpose(builder.plain(filter), [3, 2, 0, 1])]
    const name = builder.add('ConvTranspose', inputs, {
      kernel_shape,
      strides,
      pads,
      output_padding: [
        rest(info.inHeight, info.outHeight, info.strideHeight, info.filterHeight, top + bottom),
        rest(info.inWidth, info.outWidth, info.strideWidth, info.filterWidth, left + right),
      ],
    })
    builder.bind(outputOf(node), name, 'channelsFirst')
  },
  DepthwiseConv2dNative: convolution(true),
  DepthToSpace: (node, builder) => {
    const blocksize = node.attrs.blockSize as number
    const name = builder.add('DepthToSpace', [builder.channelsFirst(inputOf(node, 'x'))], { blocksize, mode: 'DCR' })
    builder.bind(outputOf(node), name, 'channelsFirst')
  },
  FusedBatchNorm: (node, builder) => {
    const { scale, offset, mean, variance } = node.inputs
    const x = inputOf(node, 'x')
    const channels = x.shape.at(-1) as number
    const constant = (value: number) => builder.constant(new Float32Array(channels).fill(value), [channels], 'float32')
    const inputs = [
      builder.channelsFirst(x),
      scale ? vector(builder, scale, channels) : constant(1),
      offset ? vector(builder, offset, channels) : constant(0),
      vector(builder, mean as GraphValue, channels),
      vector(builder, variance as GraphValue, channels),
    ]
    const name = builder.add('BatchNormalization', inputs, { epsilon: float(node.attrs.varianceEpsilon as number) })
    builder.bind(outputOf(node), name, 'channelsFirst')
  },
  FusedConv2D: convolution(false),
  FusedDepthwiseConv2D: convolution(true),
  MaxPool: pooling('MaxPool'),
  ResizeBilinear: resizeOperator('linear'),
  ResizeNearestNeighbor: resizeOperator('nearest'),
  _FusedMatMul: matMul,
  GroupNormalization: groupNormalization,
  LayerNormalization: (node, builder) => {
    const inputs = ['x', 'weight', 'bias'].map(name => builder.plain(inputOf(node, name)))
    const attributes = { axis: -1, epsilon: float(node.attrs.eps as number) }
    builder.bind(outputOf(node), builder.add('LayerNormalization', inputs, attributes))
  },
  ScaledDotProductAttention: attention,
}
