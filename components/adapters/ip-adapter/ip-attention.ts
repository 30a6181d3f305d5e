/** Attention to the tokens of pictures, beside that to the prompt. Counterpart: models/attention_processor.py (IPAdapterAttnProcessor2_0). */

import type { TensorPlaceholder } from '../../backends/recorder/tensor-tree'
import type { HookedForward, ModuleHook } from '../../models/hooks/module-hook'
import { Attention } from '../../models/layers/attention'
import { Linear } from '../../nn/linear'
import { Module } from '../../nn/module'
import { scaledDotProductAttention } from '../../nn/scaled-dot-product-attention'
import * as tf from '../../tensors/tf'
import { resizeMask } from './resize-mask'

/** Makes keys and values of the tokens of pictures. */
export class IPAttention extends Module {
  readonly toKIp: Linear
  readonly toVIp: Linear

  constructor({ crossAttentionDim, innerDim }: { crossAttentionDim: number; innerDim: number }) {
    super()
    this.toKIp = new Linear(crossAttentionDim, innerDim, { bias: false })
    this.toVIp = new Linear(crossAttentionDim, innerDim, { bias: false })
  }
}

/** What several adapters do at one layer. It owns nothing: the layers belong to the adapters. */
export class IPAttentionSet extends Module {
  constructor(readonly adapters: readonly IPAttention[]) {
    super()
  }
}

/** What the attention of all adapters at one layer is computed with. */
export interface IPAttentionInputs {
  /** One for each adapter: `[batch, pictures, tokens, crossAttentionDim]`. */
  readonly tokens: readonly (tf.Tensor | TensorPlaceholder)[]
  /** How much each adapter adds: one number, or one for each of its pictures. */
  readonly scales: readonly (number | readonly number[])[]
  /** Where each picture counts: `[1, height, width, pictures]` for an adapter; `undefined` for one that counts everywhere. */
  readonly masks?: readonly (tf.Tensor | undefined)[] | undefined
}

/** Returns the hook that adds pictures to a layer of cross-attention. */
export function ipAttentionHook(
  module: string,
  weights: IPAttentionSet,
  { tokens, scales, masks = [] }: IPAttentionInputs,
): ModuleHook {
  const named = (prefix: string, tensors: readonly (tf.Tensor | TensorPlaceholder | undefined)[]) =>
    tensors.flatMap((tensor, i) => (tensor === undefined ? [] : [[`${prefix}${i}`, tensor] as const]))
  const counts = scales.map(scale => [scale].flat().length)
  return {
    name: `ipAdapter(${counts})`,
    module,
    weights,
    numbers: scales.flat(),
    tensors: Object.fromEntries([...named('tokens', tokens), ...named('mask', masks)]),
    forward: hooked => attend(hooked, weights, counts),
  }
}

/** Attention to the prompt, plus that to the pictures of each adapter. */
function attend({ module, args, numbers, tensors }: HookedForward, weights: IPAttentionSet, counts: readonly number[]) {
  const attention = module as Attention // It was looked for.
  const [hiddenStates, encoderHiddenStates = hiddenStates, bias] = args as Parameters<Attention['forward']>
  return tf.tidy(() => {
    const { heads } = attention
    const query = attention.toQ.forward(hiddenStates)
    const key = attention.toK.forward(encoderHiddenStates)
    const value = attention.toV.forward(encoderHiddenStates)
    let sum = scaledDotProductAttention({ query, key, value, heads, bias })
    const rest = [...numbers]
    for (const [i, adapter] of weights.adapters.entries()) {
      const scales = rest.splice(0, counts[i])
      const tokens = tensors[`tokens${i}`] as tf.Tensor4D
      const mask = tensors[`mask${i}`] as tf.Tensor4D | undefined
      for (const [seen, scale, factor] of parts(tokens, scales, mask, query)) {
        const attended = scaledDotProductAttention({
          query,
          key: adapter.toKIp.forward(seen),
          value: adapter.toVIp.forward(seen),
          heads,
        })
        sum = sum.add((factor === undefined ? attended : attended.mul<tf.Tensor3D>(factor)).mul(scale))
      }
    }
    return attention.toOut[0].forward(sum)
  })
}

/** The tokens that are looked at together, with their scale and their mask: all pictures at once, or with masks one by one. */
function parts(
  tokens: tf.Tensor4D,
  scales: readonly tf.Tensor1D[],
  mask: tf.Tensor4D | undefined,
  query: tf.Tensor3D,
): (readonly [seen: tf.Tensor3D, scale: tf.Tensor1D, factor: tf.Tensor3D | undefined])[] {
  const [batch, pictures, count, channels] = tokens.shape
  const scaleOf = (i: number) => (scales[i] ?? scales[0]) as tf.Tensor1D // One at least.
  if (mask === undefined) {
    return [[tokens.reshape<tf.Tensor3D>([batch, pictures * count, channels]), scaleOf(0), undefined]]
  }
  return Array.from({ length: pictures }, (_, i) => {
    const seen = tokens.slice([0, i], [batch, 1]).reshape<tf.Tensor3D>([batch, count, channels])
    return [seen, scaleOf(i), resizeMask(mask, i, query.shape[1])] as const
  })
}
