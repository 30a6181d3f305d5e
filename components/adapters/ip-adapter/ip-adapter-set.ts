/** The IP-Adapters of a pipeline, and how much each of them adds. */
import { InputTypeError } from '../../../src/errors/input-type-error'
import { classNameOf } from '../../../src/format/class-name'
import { TensorPlaceholder } from '../../backends/recorder/tensor-tree'
import type { CLIPVisionModelWithProjection } from '../../models/clip-vision/clip-vision-model-with-projection'
import type { ModuleHook } from '../../models/hooks/module-hook'
import { UNet2DConditionModel } from '../../models/unet-2d-condition/unet-2d-condition-model'
import * as tf from '../../tensors/tf'
import type { AdaptedCall, AdapterSet } from '../adapters'
import { type ScalesByBlock, scalesByTransformer } from '../block-scales'
import { SharedWeights } from '../shared-weights'
import { crossAttentionLayers, type IPAdapter } from './ip-adapter'
import { IPAdapterError } from './ip-adapter-error'
import { type IPAttention, IPAttentionSet, ipAttentionHook } from './ip-attention'

/** The kind of set that IP-Adapters are among a pipeline's adapters. */
export const IP_ADAPTER = 'ipAdapter'

/** How much an adapter adds: a number, a number for each of its masked pictures, or numbers by block, where parts that are not named get 0. */
export type IPAdapterScale = number | readonly number[] | ScalesByBlock

/** What the pictures of a call are. */
export interface IPAdapterInputs {
  /** One for each adapter: `[batch, pictures, tokens, channels]`. Placeholders where a call is only prepared. */
  readonly ipAdapterTokens: readonly (tf.Tensor | TensorPlaceholder)[]
  /** Where each picture counts: `[1, height, width, pictures]` for an adapter, or `undefined`. */
  readonly ipAdapterMasks?: readonly (tf.Tensor | undefined)[] | undefined
}

/** What an {@link IPAdapterSet} consists of. */
interface Parts {
  readonly adapters: readonly IPAdapter[]
  /** The image encoder that was loaded with them. */
  readonly imageEncoder: CLIPVisionModelWithProjection | undefined
  readonly scales: readonly IPAdapterScale[]
  readonly weights: SharedWeights
  /** What all adapters do at each layer. */
  readonly layers: ReadonlyMap<string, IPAttentionSet>
}

/** Some adapters in order. It never changes: a run keeps the set that it began with. */
export class IPAdapterSet implements AdapterSet {
  /** UNets that were compared with it. */
  private readonly fitting = new WeakSet<UNet2DConditionModel>()

  private constructor(private readonly parts: Parts) {}

  /** Adapters that add as much as they were trained to. They and the encoder are disposed with the set. */
  static of(adapters: readonly IPAdapter[], imageEncoder?: CLIPVisionModelWithProjection): IPAdapterSet {
    const modules = adapters.flatMap(({ projection, layers }) => [projection, ...layers.values()])
    return new IPAdapterSet({
      adapters,
      imageEncoder,
      scales: adapters.map(() => 1),
      weights: new SharedWeights(imageEncoder === undefined ? modules : [...modules, imageEncoder]),
      // The same layers in the same order are one thing to those who tell graphs apart.
      layers: joinLayers(adapters),
    })
  }

  /** The adapters, in order. */
  get adapters(): readonly IPAdapter[] {
    return this.parts.adapters
  }

  /** The image encoder that was loaded with the adapters. */
  get imageEncoder(): CLIPVisionModelWithProjection | undefined {
    return this.parts.imageEncoder
  }

  get weights(): readonly SharedWeights[] {
    return [this.parts.weights]
  }

  /**
   * Returns the same adapters with other scales: one for all of a single adapter, or a list with one for each.
   *
   * @throws InputTypeError for another number of scales, for one that is not finite, or for a part that the UNet does not have
   */
  withScale(scale: IPAdapterScale | readonly IPAdapterScale[], unet: UNet2DConditionModel): IPAdapterSet {
    const scales = (Array.isArray(scale) ? scale : [scale]) as readonly IPAdapterScale[]
    const { length } = this.adapters
    if (scales.length !== length) {
      const expected = `there must be one for each of the ${length} IP-Adapters`
      throw new InputTypeError({ path: [], input: 'scale', kind: 'argument', expected, value: scale })
    }
    for (const each of scales) {
      if ([each].flat().some(number => typeof number === 'number' && !Number.isFinite(number))) {
        throw new InputTypeError({
          path: [],
          input: 'scale',
          kind: 'argument',
          expected: 'it must be finite',
          value: scale,
        })
      }
      if (!Array.isArray(each)) readScale(unet, each)
    }
    return new IPAdapterSet({ ...this.parts, scales })
  }

  hooksFor({ component, model, inputs }: AdaptedCall): readonly ModuleHook[] {
    if (component !== 'unet') return []
    const { ipAdapterTokens } = inputs
    if (Array.isArray(ipAdapterTokens) && ipAdapterTokens.length === this.adapters.length) {
      if (model instanceof UNet2DConditionModel) return this.hooks(model, inputs as unknown as IPAdapterInputs) // It has tokens.
      throw new IPAdapterError(
        this.files,
        `It changes a UNet2DConditionModel, and cannot change a ${classNameOf(model)}.`,
      )
    }
    const problem = `The call of the UNet has tokens of pictures for ${[ipAdapterTokens ?? []].flat().length} of ${this.adapters.length} adapters.`
    throw new IPAdapterError(
      this.files,
      `${problem} Put the steps EncodeIPAdapterImage and ProjectIPAdapterImages before the denoise loop.`,
    )
  }

  /** Returns the hooks that show pictures to a UNet. @throws IPAdapterError for a UNet of another form; InputTypeError for masks that do not fit */
  hooks(unet: UNet2DConditionModel, { ipAdapterTokens: tokens, ipAdapterMasks }: IPAdapterInputs): ModuleHook[] {
    this.requireFit(unet)
    const masks = this.masksFor(tokens, ipAdapterMasks)
    const perAdapter = this.parts.scales.map((scale, i) => this.scaleOf(unet, scale, masks[i]))
    return [...this.parts.layers].map(([name, layer]) => {
      const transformer = name.slice(0, name.indexOf('.transformer_blocks.'))
      return ipAttentionHook(name, layer, { tokens, masks, scales: perAdapter.map(scales => scales(transformer)) })
    })
  }

  /** Returns placeholders for the tokens of a call; `undefined` if their number is not known before. @param pictures how many each adapter gets */
  placeholders(batch: number, pictures: readonly (number | undefined)[]): TensorPlaceholder[] | undefined {
    const tokens = this.adapters.flatMap(({ projection: { numTokens, crossAttentionDim } }, i) => {
      const count = pictures[i]
      if (numTokens === undefined || count === undefined) return []
      return [new TensorPlaceholder([batch, count, numTokens, crossAttentionDim])]
    })
    return tokens.length === this.adapters.length ? tokens : undefined
  }

  private get files(): string {
    return this.adapters.map(({ file }) => file).join(', ')
  }

  private requireFit(unet: UNet2DConditionModel): void {
    if (this.fitting.has(unet)) return
    const places = new Map(crossAttentionLayers(unet))
    for (const { file, layers } of this.adapters) {
      const wrong = [...layers].find(([name, { toKIp }]) => {
        const { toK } = places.get(name) ?? {}
        return toK?.inFeatures !== toKIp.inFeatures || toK.outFeatures !== toKIp.outFeatures
      })
      if (wrong === undefined && layers.size === places.size) continue
      const problem = `It was loaded for another UNet: this one differs at ${wrong?.[0] ?? 'the number of its layers'}.`
      throw new IPAdapterError(file, `${problem} Load it again.`)
    }
    this.fitting.add(unet)
  }

  /** @throws InputTypeError */
  private masksFor(
    tokens: IPAdapterInputs['ipAdapterTokens'],
    masks: IPAdapterInputs['ipAdapterMasks'],
  ): readonly (tf.Tensor | undefined)[] {
    if (masks === undefined) return []
    const refuse = (expected: string) =>
      new InputTypeError({ path: [], input: 'crossAttentionKwargs.ipAdapterMasks', expected, value: masks })
    if (masks.length !== tokens.length) throw refuse(`there must be one for each of the ${tokens.length} IP-Adapters`)
    for (const [i, mask] of masks.entries()) {
      if (mask === undefined) continue
      const pictures = tokens[i]?.shape[1]
      if (mask instanceof tf.Tensor && mask.rank === 4 && mask.shape[0] === 1 && mask.shape[3] === pictures) continue
      throw refuse(`each must be a tensor [1, height, width, ${pictures}], with a mask for each picture of its adapter`)
    }
    return masks
  }

  private scaleOf(
    unet: UNet2DConditionModel,
    scale: IPAdapterScale,
    mask: tf.Tensor | undefined,
  ): (transformer: string) => number | readonly number[] {
    if (Array.isArray(scale)) {
      const pictures = mask?.shape[3]
      if (pictures === scale.length) return () => scale as readonly number[]
      const expected =
        pictures === undefined ? 'a list needs masks' : `there must be one for each of the ${pictures} masks`
      throw new InputTypeError({ path: [], input: 'scale', kind: 'argument', expected, value: scale })
    }
    const scales = readScale(unet, scale)
    return transformer => scales.get(transformer) as number // Of the same UNet.
  }
}

function readScale(unet: UNet2DConditionModel, scale: IPAdapterScale): ReadonlyMap<string, number> {
  return scalesByTransformer(unet, scale as number | ScalesByBlock, { missing: 0, input: 'scale' }) // Lists are read elsewhere.
}

function joinLayers(adapters: readonly IPAdapter[]): ReadonlyMap<string, IPAttentionSet> {
  const names = [...(adapters[0]?.layers.keys() ?? [])]
  return new Map(
    names.map(name => [name, new IPAttentionSet(adapters.map(({ layers }) => layers.get(name) as IPAttention))]), // For one UNet.
  )
}
