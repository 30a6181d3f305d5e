/** Attention between tokens. Counterpart: models/attention_processor.py (Attention with AttnProcessor2_0). */
import { Linear } from '../../nn/linear'
import { Module } from '../../nn/module'
import { scaledDotProductAttention } from '../../nn/scaled-dot-product-attention'
import * as tf from '../../tensors/tf'

/** What attention is made from. */
export interface AttentionOptions {
  /** Channels of the tokens that ask. */
  queryDim: number
  /** Channels of the tokens that answer; default: `queryDim`. */
  crossAttentionDim?: number | undefined
  heads: number
  dimHead: number
  /** Whether the projection of the result has a bias. Default: true. */
  outBias?: boolean
}

/** Self-attention, or cross-attention if other tokens are given. */
export class Attention extends Module {
  readonly toQ: Linear
  readonly toK: Linear
  readonly toV: Linear
  readonly toOut: readonly [Linear]

  constructor(private readonly options: AttentionOptions) {
    super()
    const { queryDim, crossAttentionDim = queryDim, heads, dimHead, outBias = true } = options
    const innerDim = heads * dimHead
    this.toQ = new Linear(queryDim, innerDim, { bias: false })
    this.toK = new Linear(crossAttentionDim, innerDim, { bias: false })
    this.toV = new Linear(crossAttentionDim, innerDim, { bias: false })
    this.toOut = [new Linear(innerDim, queryDim, { bias: outBias })]
  }

  /** Whether it was made to look at other tokens. */
  get isCrossAttention(): boolean {
    return this.options.crossAttentionDim !== undefined
  }

  /** How many heads there are. */
  get heads(): number {
    return this.options.heads
  }

  /**
   * `[batch, token, queryDim]` → the same shape.
   *
   * @param encoderHiddenStates - `[batch, key token, crossAttentionDim]`; default: the tokens themselves
   * @param bias - added to the scores; broadcasts to `[batch, heads, token, key token]`
   */
  forward(hiddenStates: tf.Tensor3D, encoderHiddenStates = hiddenStates, bias?: tf.Tensor): tf.Tensor3D {
    return tf.tidy(() => {
      const query = this.toQ.forward(hiddenStates)
      const key = this.toK.forward(encoderHiddenStates)
      const value = this.toV.forward(encoderHiddenStates)
      return this.toOut[0].forward(scaledDotProductAttention({ query, key, value, heads: this.heads, bias }))
    })
  }
}
