/** What each kernel of our own computes, put together from kernels of TensorFlow.js, by its name. */
import type * as tf from '../tensors/tf'
import { composeGelu, composeQuickGelu } from './activations'
import type { FusedKernel } from './fused-kernel'
import { composeGroupNorm } from './group-norm'
import { composeLayerNorm } from './layer-norm'
import { composeAttention } from './scaled-dot-product-attention'

/** The tensors of a kernel by its own names. */
type KernelTensors = Readonly<Record<string, tf.Tensor>>

/** The attributes of our kernels are numbers. */
type Attrs = Readonly<Record<string, unknown>>

/** Computes one kernel. Runs inside of tf.tidy. */
export type Composition = (inputs: KernelTensors, attrs: Attrs) => tf.Tensor

/** The kernels that layers of models run. */
export const fusedCompositions: Readonly<Partial<Record<FusedKernel, Composition>>> = {
  GroupNormalization: ({ x, weight, bias }, { numGroups, eps }) =>
    composeGroupNorm(x as tf.Tensor, {
      weight: weight as tf.Tensor1D,
      bias: bias as tf.Tensor1D,
      numGroups: numGroups as number,
      eps: eps as number,
    }),
  LayerNormalization: ({ x, weight, bias }, { eps }) =>
    composeLayerNorm(x as tf.Tensor, {
      weight: weight as tf.Tensor1D,
      bias: bias as tf.Tensor1D,
      eps: eps as number,
    }),
  ScaledDotProductAttention: ({ query, key, value, bias }, { heads }) =>
    composeAttention({
      query: query as tf.Tensor3D,
      key: key as tf.Tensor3D,
      value: value as tf.Tensor3D,
      heads: heads as number,
      bias,
    }),
  Gelu: ({ x }) => composeGelu(x as tf.Tensor),
  QuickGelu: ({ x }, { alpha }) => composeQuickGelu(x as tf.Tensor, alpha as number),
}
