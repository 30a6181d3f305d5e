/**
 * The operations of TensorFlow.js as methods of tensors, `x.add(y)` for `tf.add(x, y)`. The package @tensorflow/tfjs adds them too, together with much that
 * nothing here needs and that takes longer to load than all the rest.
 */
import * as tf from '@tensorflow/tfjs-core'

type Method = (this: tf.Tensor, ...args: never[]) => unknown

/** Operations that take the tensor as their first argument. */
const plainOps = [
  ...[
    'abs',
    'acos',
    'acosh',
    'add',
    'all',
    'any',
    'argMax',
    'argMin',
    'asin',
    'asinh',
    'atan',
    'atan2',
    'atanh',
    'avgPool',
  ],
  ...[
    'batchToSpaceND',
    'batchNorm',
    'broadcastTo',
    'cast',
    'ceil',
    'clipByValue',
    'conv1d',
    'conv2d',
    'conv2dTranspose',
  ],
  ...[
    'cos',
    'cosh',
    'cumprod',
    'cumsum',
    'depthToSpace',
    'depthwiseConv2d',
    'dilation2d',
    'div',
    'divNoNan',
    'dot',
    'elu',
  ],
  ...['equal', 'erf', 'euclideanNorm', 'exp', 'expandDims', 'expm1', 'fft', 'floor', 'floorDiv', 'gather', 'greater'],
  ...['greaterEqual', 'ifft', 'irfft', 'isFinite', 'isInf', 'isNaN', 'leakyRelu', 'less', 'lessEqual'],
  ...[
    'localResponseNormalization',
    'log',
    'log1p',
    'logSigmoid',
    'logSoftmax',
    'logSumExp',
    'logicalAnd',
    'logicalNot',
  ],
  ...[
    'logicalOr',
    'logicalXor',
    'matMul',
    'max',
    'maxPool',
    'maximum',
    'mean',
    'min',
    'minimum',
    'mirrorPad',
    'mod',
    'mul',
  ],
  ...[
    'neg',
    'norm',
    'notEqual',
    'oneHot',
    'onesLike',
    'pad',
    'pool',
    'pow',
    'prelu',
    'prod',
    'reciprocal',
    'relu',
    'relu6',
  ],
  ...[
    'reshape',
    'resizeBilinear',
    'resizeNearestNeighbor',
    'reverse',
    'rfft',
    'round',
    'rsqrt',
    'selu',
    'separableConv2d',
  ],
  ...['sigmoid', 'sign', 'sin', 'sinh', 'slice', 'softmax', 'softplus', 'spaceToBatchND', 'split', 'sqrt', 'square'],
  ...['squaredDifference', 'squeeze', 'step', 'stridedSlice', 'sub', 'sum', 'tan', 'tanh', 'tile', 'topk', 'transpose'],
  ...['unique', 'unsortedSegmentSum', 'unstack', 'zerosLike'],
]

/** Names under which an operation is known elsewhere. */
const elsewhere: Readonly<Record<string, unknown>> = {
  ...tf,
  fft: tf.spectral.fft,
  ifft: tf.spectral.ifft,
  irfft: tf.spectral.irfft,
  rfft: tf.spectral.rfft,
  resizeBilinear: tf.image.resizeBilinear,
  resizeNearestNeighbor: tf.image.resizeNearestNeighbor,
}

const others: Readonly<Record<string, Method>> = {
  as1D(this: tf.Tensor) {
    return tf.reshape(this, [this.size])
  },
  asScalar(this: tf.Tensor) {
    return tf.reshape(this, [])
  },
  asType(this: tf.Tensor, dtype: tf.DataType) {
    return tf.cast(this, dtype)
  },
  concat(this: tf.Tensor, others: tf.Tensor | tf.Tensor[], axis?: number) {
    return tf.concat([this, ...[others].flat()], axis)
  },
  flatten(this: tf.Tensor) {
    return tf.reshape(this, [this.size])
  },
  reshapeAs(this: tf.Tensor, other: tf.Tensor) {
    return tf.reshape(this, other.shape)
  },
  stack(this: tf.Tensor, others: tf.Tensor | tf.Tensor[], axis?: number) {
    return tf.stack([this, ...[others].flat()], axis)
  },
  toBool(this: tf.Tensor) {
    return tf.cast(this, 'bool')
  },
  toFloat(this: tf.Tensor) {
    return tf.cast(this, 'float32')
  },
  toInt(this: tf.Tensor) {
    return tf.cast(this, 'int32')
  },
  where(this: tf.Tensor, condition: tf.Tensor, other: tf.Tensor) {
    return tf.where(condition, this, other)
  },
}

/**
 * Puts the methods on every tensor; those that are there already stay. If the program has loaded another copy of tfjs-core before, all copies make
 * tensors of the first one's class.
 */
export function addChainedOps(): void {
  addTo(tf.Tensor.prototype)
  const { _tfGlobals: shared } = globalThis as { _tfGlobals?: Map<string, unknown> }
  const first = shared?.get('Tensor')
  if (typeof first === 'function') addTo(first.prototype)
}

function addTo(target: object): void {
  const prototype = target as Record<string, unknown>
  const add = (name: string, method: Method) => {
    prototype[name] ??= method
  }
  for (const name of plainOps) {
    const operation = elsewhere[name] as (...args: unknown[]) => unknown
    add(name, function (this: tf.Tensor, ...args: unknown[]) {
      return operation(this, ...args)
    })
  }
  for (const rank of [2, 3, 4, 5]) {
    add(`as${rank}D`, function (this: tf.Tensor, ...shape: number[]) {
      return tf.reshape(this, shape)
    })
  }
  for (const [name, method] of Object.entries(others)) add(name, method)
}
