/** The IP-Adapters that are used together, and how much each of them adds. */
import { InputTypeError } from '../../../src/errors/input-type-error'
import type { TensorPlaceholder } from '../../backends/recorder/tensor-tree'
import type { ModuleHook } from '../../models/hooks/module-hook'
import type { UNet2DConditionModel } from '../../models/unet-2d-condition/unet-2d-condition-model'
import type * as tf from '../../tensors/tf'
import { type ScalesByBlock, scalesByTransformer } from '../block-scales'
import type { IPAdapter } from './ip-adapter'
import { type IPAttention, IPAttentionSet, ipAttentionHook } from './ip-attention'

/** How much an adapter adds: a number, a number for each of its masked pictures, or numbers by block, where parts that are not named get 0. */
export type IPAdapterScale = number | readonly number[] | ScalesByBlock

/** What the pictures of a call are. */
export interface IPAdapterInputs {
  /** One for each adapter: `[batch, pictures, tokens, channels]`. Placeholders where a call is only prepared. */
  readonly tokens: readonly (tf.Tensor | TensorPlaceholder)[]
  /** Where each picture counts: `[1, pictures, height, width]` for an adapter, or `undefined`. */
  readonly masks?: readonly (tf.Tensor | undefined)[] | undefined
}

/** Some adapters in order. It never changes: a run keeps the set that it began with. */
export class IPAdapterSet {
  private readonly sets: ReadonlyMap<string, IPAttentionSet>

  private constructor(
    readonly adapters: readonly IPAdapter[],
    private readonly scales: readonly IPAdapterScale[],
    sets?: ReadonlyMap<string, IPAttentionSet>,
  ) {
    // The same layers in the same order are one thing to those who tell graphs apart.
    this.sets = sets ?? joinLayers(adapters)
  }

  /** Adapters that add as much as they were trained to. */
  static of(adapters: readonly IPAdapter[]): IPAdapterSet {
    return new IPAdapterSet(
      adapters,
      adapters.map(() => 1),
    )
  }

  /**
   * Returns the same adapters with other scales: one for all, or one for each.
   *
   * @throws InputTypeError for another number of scales, for one that is not finite, or for a part that the UNet does not have
   */
  withScale(scale: IPAdapterScale | readonly IPAdapterScale[], unet: UNet2DConditionModel): IPAdapterSet {
    const given = (Array.isArray(scale) ? scale : [scale]) as readonly IPAdapterScale[]
    const { length } = this.adapters
    if (given.length !== length) {
      const expected = `there must be one for each of the ${length} IP-Adapters`
      throw new InputTypeError({ path: [], input: 'scale', expected, value: scale })
    }
    for (const each of given) {
      if ([each].flat().some(number => typeof number === 'number' && !Number.isFinite(number))) {
        throw new InputTypeError({ path: [], input: 'scale', expected: 'it must be finite', value: scale })
      }
      if (!Array.isArray(each))
        scalesByTransformer(unet, each as number | ScalesByBlock, { missing: 0, input: 'scale' })
    }
    return new IPAdapterSet(this.adapters, given, this.sets)
  }

  /** Returns the hooks that show pictures to a UNet. @throws InputTypeError for tokens or masks that do not fit */
  hooks(unet: UNet2DConditionModel, { tokens, masks }: IPAdapterInputs): ModuleHook[] {
    const perAdapter = this.scales.map((scale, i) => this.scaleOf(unet, scale, masks?.[i]))
    return [...this.sets].map(([name, set]) => {
      const transformer = name.slice(0, name.indexOf('.transformer_blocks.'))
      return ipAttentionHook(name, set, { tokens, masks, scales: perAdapter.map(scales => scales(transformer)) })
    })
  }

  private scaleOf(
    unet: UNet2DConditionModel,
    scale: IPAdapterScale,
    mask: tf.Tensor | undefined,
  ): (transformer: string) => number | readonly number[] {
    if (Array.isArray(scale)) {
      const pictures = mask?.shape[1]
      if (pictures === scale.length) return () => scale as readonly number[]
      const expected =
        pictures === undefined ? 'a list needs masks' : `there must be one for each of the ${pictures} masks`
      throw new InputTypeError({ path: [], input: 'scale', expected, value: scale })
    }
    const scales = scalesByTransformer(unet, scale as number | ScalesByBlock, { missing: 0, input: 'scale' })
    return transformer => scales.get(transformer) as number // Of the same UNet.
  }
}

function joinLayers(adapters: readonly IPAdapter[]): ReadonlyMap<string, IPAttentionSet> {
  const names = [...(adapters[0]?.layers.keys() ?? [])]
  return new Map(
    names.map(name => [name, new IPAttentionSet(adapters.map(({ layers }) => layers.get(name) as IPAttention))]), // For one UNet.
  )
}
