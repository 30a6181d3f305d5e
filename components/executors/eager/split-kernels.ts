/**
 * Computes kernels piece by piece where they would block the event loop for long. Each number of the result is computed as it is in one piece, from the
 * same numbers in the same order.
 */
import { type GroupNormInputs, meanOfChannels, scaleGroups } from '../../nn/group-norm'
import { type AttentionInputs, joinHeads, splitHeads } from '../../nn/scaled-dot-product-attention'
import * as tf from '../../tensors/tf'
import { joinPieces, type Piece, ranges, type View } from './joined-pieces'
import type { KernelCall } from './kernel-call'
import { runKernel } from './run-kernel'

/** How large pieces are. */
export interface PieceBudget {
  /** Multiplications and additions of products and convolutions. */
  readonly operations: number
  /** Values of results that cost little each. */
  readonly values: number
}

/** Some milliseconds of one core. */
export const USUAL_BUDGET: PieceBudget = { operations: 1.5e8, values: 2 ** 20 }

/** A loop that computes a kernel, and yields between pieces. */
type KernelLoop = Generator<void, tf.Tensor, void>

type Split = (call: KernelCall, budget: PieceBudget) => KernelLoop | undefined

/** The loop for a kernel that is worth it; `undefined` for one that is best computed at once. */
export function splitKernel(call: KernelCall, budget: PieceBudget): KernelLoop | undefined {
  return splits[call.kernel]?.(call, budget)
}

const splits: Readonly<Record<string, Split>> = {
  Conv2D: splitConvolution,
  FusedConv2D: splitConvolution,
  BatchMatMul: splitProduct,
  _FusedMatMul: splitProduct,
  ScaledDotProductAttention: splitAttention,
  GroupNormalization: splitGroupNorm,
  ResizeNearestNeighbor: splitResize,
  ...Object.fromEntries(
    ['LayerNormalization', 'Softmax', 'Gelu', 'QuickGelu', 'Sigmoid', 'Relu', 'Erf', 'Square', 'Exp'].map(kernel => [
      kernel,
      splitElementwise,
    ]),
  ),
  ...Object.fromEntries(['Add', 'Sub', 'Multiply', 'RealDiv'].map(kernel => [kernel, splitElementwise])),
}

/** Rows of a convolution's result. The input is padded before, so that the rows of all pieces are computed with the same kernel. */
function splitConvolution(call: KernelCall, { operations }: PieceBudget): KernelLoop | undefined {
  const { x, filter } = call.inputs as { x: tf.Tensor4D; filter: tf.Tensor4D }
  const { pad, dilations = 1, dataFormat = 'NHWC' } = call.attrs
  const [kernelRows = 1, kernelColumns = 1, inChannels = 1] = filter.shape
  const isPlain = [dilations].flat().every(dilation => dilation === 1) && dataFormat === 'NHWC'
  const cost = 2 * tf.util.sizeFromShape([...call.shape]) * kernelRows * kernelColumns * inChannels
  const rows = (call.shape[0] as number) * (call.shape[1] as number)
  if (cost <= 2 * operations || rows < 2 || !isPlain || !(pad === 'valid' || Array.isArray(pad))) return undefined
  return convolutionLoop(call, x, kernelRows, (operations * rows) / cost)
}

function* convolutionLoop(call: KernelCall, x: tf.Tensor4D, kernelRows: number, size: number): KernelLoop {
  const { pad, strides } = call.attrs
  const [stride = 1] = [strides].flat() as number[]
  const padded = Array.isArray(pad) ? tf.pad(x, pad as [number, number][]) : x
  const [batch, height, width, channels] = padded.shape
  const [, rows = 0, columns = 0, outChannels = 0] = call.shape
  const pieces = function* (): Generator<Piece> {
    for (let image = 0; image < batch; image++) {
      for (const [begin, count] of ranges(rows, size)) {
        const taken = (count - 1) * stride + kernelRows
        const first = (image * height + begin * stride) * width * channels
        const compute = (view: View) => {
          const inputs = { ...call.inputs, x: view(padded, first, [1, taken, width, channels]) }
          return runKernel({ ...call, inputs, attrs: { ...call.attrs, pad: 'valid' } })
        }
        yield { shape: [1, count, columns, outChannels], compute, isChain: true }
      }
    }
  }
  try {
    yield
    return yield* joinPieces(call.shape, pieces())
  } finally {
    if (padded !== x) padded.dispose()
  }
}

/** Rows of a product of matrices. */
function splitProduct(call: KernelCall, { operations }: PieceBudget): KernelLoop | undefined {
  const { a, b } = call.inputs as { a: tf.Tensor3D; b: tf.Tensor3D }
  const [batch = 1, rows = 0, columns = 0] = call.shape
  const inner = a.shape.at(-1) as number
  const cost = 2 * batch * rows * columns * inner
  const isPlain = a.rank === 3 && batch === 1 && b.shape[0] === 1 && call.attrs['transposeA'] !== true
  if (!isPlain || cost <= 2 * operations || rows < 2) return undefined
  const pieces = [...ranges(rows, (operations * rows) / cost)].map(([begin, count]) => ({
    shape: [1, count, columns],
    compute: (view: View) =>
      runKernel({ ...call, inputs: { ...call.inputs, a: view(a, begin * inner, [1, count, inner]) } }),
    isChain: true,
  }))
  return joinPieces(call.shape, pieces)
}

/** Parts of the leading dimensions, for kernels of elements and of the last dimension. */
function splitElementwise(call: KernelCall, { values }: PieceBudget): KernelLoop | undefined {
  const { shape, inputs } = call
  const size = tf.util.sizeFromShape([...shape])
  const last = shape.at(-1) ?? 1
  // Inputs either lie like the result, or are the same for each of its rows.
  const isRow = (tensor: tf.Tensor) => tensor.size === 1 || (tensor.size === last && tensor.shape.at(-1) === last)
  const isPlain = Object.values(inputs).every(tensor => tensor.size === size || isRow(tensor))
  if (size <= 2 * values || !isPlain || last === size) return undefined
  const rank = shape.length
  const pieces = [...ranges(size / last, values / last)].map(([begin, count]) => {
    // The rank stays, as attributes may name the last dimension.
    const part = [...new Array<number>(rank - 2).fill(1), count, last]
    const compute = (view: View) => {
      const viewed = Object.entries(inputs).map(([name, tensor]) => [
        name,
        isRow(tensor) ? tensor : view(tensor, begin * last, part),
      ])
      return runKernel({ ...call, inputs: Object.fromEntries(viewed) })
    }
    return { shape: part, compute, isChain: call.kernel !== 'LayerNormalization' }
  })
  return joinPieces(shape, pieces)
}

/** Tokens of one head after the other: scores of all at once would be the largest tensor of a model. */
function splitAttention(call: KernelCall, { operations }: PieceBudget): KernelLoop | undefined {
  const { query, key } = call.inputs as { query: tf.Tensor3D; key: tf.Tensor3D }
  const heads = call.attrs['heads'] as number
  const [batch, tokens, channels] = query.shape
  const keys = key.shape[1]
  // Two products; and an exponential costs as much as a dozen multiplications.
  const perToken = keys * ((4 * channels) / heads + 40)
  if (batch * heads * tokens * perToken <= 2 * operations) return undefined
  return attentionLoop({ ...call.inputs, heads } as unknown as AttentionInputs, operations / perToken)
}

function* attentionLoop(inputs: AttentionInputs, size: number): KernelLoop {
  const { bias } = inputs
  const held: tf.Tensor[] = []
  try {
    const { q, k, v } = tf.tidy(() => splitHeads(inputs))
    held.push(q, k, v)
    yield
    const [batch, heads, tokens, width] = q.shape
    const pieces = function* (): Generator<Piece> {
      for (let head = 0; head < batch * heads; head++) {
        const place = { b: Math.floor(head / heads), h: head % heads }
        // Tensors of their own for all pieces of a head: the backend arranges the second operand of a product once for each tensor.
        const of = (x: tf.Tensor4D) =>
          tf.tidy(() => x.slice([place.b, place.h, 0, 0], [1, 1, -1, -1]).squeeze<tf.Tensor3D>([0]))
        const [kh, vh] = [of(k), of(v)]
        held.push(kh, vh)
        for (const [begin, count] of ranges(tokens, size)) {
          const compute = (view: View) => {
            const qh = view(q, (head * tokens + begin) * width, [1, count, width])
            const scores = tf.matMul(qh, kh)
            const weights = tf.softmax(bias ? scores.add(biasOf(bias, { ...place, begin, count })) : scores)
            return tf.matMul(weights, vh)
          }
          // Scores may be of the result's size.
          yield { shape: [1, count, width], compute, isChain: false }
        }
        tf.dispose([kh, vh])
      }
    }
    const all = yield* joinPieces([batch, heads, tokens, width], pieces())
    held.push(all)
    return tf.tidy(() => joinHeads(all as tf.Tensor4D))
  } finally {
    tf.dispose(held)
  }
}

/** The part of a bias, which broadcasts to `[batch, heads, token, key token]`, for some tokens of one head: `[1, token, key token]`. */
function biasOf(
  bias: tf.Tensor,
  { b, h, begin, count }: { b: number; h: number; begin: number; count: number },
): tf.Tensor {
  const full = bias.reshape<tf.Tensor4D>([1, 1, 1, ...bias.shape].slice(-4) as [number, number, number, number])
  const [batches, heads, tokens, keys] = full.shape
  const at = (length: number, index: number) => (length === 1 ? 0 : index)
  const rows = tokens === 1 ? 1 : count
  const part = full.slice([at(batches, b), at(heads, h), at(tokens, begin), 0], [1, 1, rows, keys])
  return part.reshape([1, rows, keys])
}

/** Rows of the map in turn: first for their means, then for their variances, then to scale them. */
function splitGroupNorm(call: KernelCall, { values }: PieceBudget): KernelLoop | undefined {
  const { x, weight, bias } = call.inputs as { x: tf.Tensor; weight: tf.Tensor1D; bias: tf.Tensor1D }
  const { numGroups, eps } = call.attrs as { numGroups: number; eps: number }
  // The norm reads its input several times.
  const size = values / 2
  if (x.rank !== 4 || x.size <= 2 * size || (x.shape[1] as number) < 2) return undefined
  return groupNormLoop(
    x as tf.Tensor4D,
    { weight, bias, numGroups, eps },
    (size * (x.shape[0] as number) * (x.shape[1] as number)) / x.size,
  )
}

function* groupNormLoop(x: tf.Tensor4D, inputs: GroupNormInputs, size: number): KernelLoop {
  const [batch, height, width, channels] = x.shape
  const held: tf.Tensor[] = []
  const inRows = function* (
    shapeOf: (rows: number) => number[],
    compute: (rows: tf.Tensor4D, image: number) => tf.Tensor,
    isChain: boolean,
  ): Generator<Piece> {
    for (let image = 0; image < batch; image++) {
      for (const [begin, count] of ranges(height, size)) {
        const first = (image * height + begin) * width * channels
        yield {
          shape: shapeOf(count),
          compute: view => compute(view(x, first, [1, count, width, channels]) as tf.Tensor4D, image),
          isChain,
        }
      }
    }
  }
  // Means of columns, then of rows: as in one piece.
  const meanOf = function* (compute: (rows: tf.Tensor4D, image: number) => tf.Tensor): KernelLoop {
    const pieces = inRows(
      count => [1, count, channels],
      (rows, image) => compute(rows, image).mean(-2),
      false,
    )
    const ofRows = yield* joinPieces([batch, height, channels], pieces)
    held.push(ofRows)
    const mean = tf.tidy(() => meanOfChannels(ofRows.mean(-2), inputs.numGroups, x.rank))
    held.push(mean)
    return mean
  }
  const of = (tensor: tf.Tensor, image: number) => tensor.slice([image, 0, 0, 0], [1, 1, 1, channels])
  try {
    const mean = yield* meanOf(rows => rows)
    const variance = yield* meanOf((rows, image) => rows.sub(of(mean, image)).square())
    const scaled = inRows(
      count => [1, count, width, channels],
      (rows, image) => scaleGroups(rows.sub(of(mean, image)), of(variance, image), inputs),
      true,
    )
    return yield* joinPieces(x.shape, scaled)
  } finally {
    tf.dispose(held)
  }
}

/** Rows of a map that is enlarged by a whole number. */
function splitResize(call: KernelCall, { values }: PieceBudget): KernelLoop | undefined {
  const { images } = call.inputs as { images: tf.Tensor4D }
  const { alignCorners, halfPixelCenters } = call.attrs
  const [batch, height, width, channels] = images.shape
  const [, newHeight = 0, newWidth = 0] = call.shape
  const factor = newHeight / height
  const size = tf.util.sizeFromShape([...call.shape])
  if (size <= 2 * values || height < 2 || !Number.isInteger(factor) || alignCorners || halfPixelCenters)
    return undefined
  const pieces = function* (): Generator<Piece> {
    for (let image = 0; image < batch; image++) {
      for (const [begin, count] of ranges(height, (values * batch * height) / size)) {
        const attrs = { ...call.attrs, size: [count * factor, newWidth] }
        const first = (image * height + begin) * width * channels
        yield {
          shape: [1, count * factor, newWidth, channels],
          compute: view =>
            runKernel({ ...call, inputs: { images: view(images, first, [1, count, width, channels]) }, attrs }),
          isChain: true,
        }
      }
    }
  }
  return joinPieces(call.shape, pieces())
}
