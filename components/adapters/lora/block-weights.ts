/** Weights of an adapter: one for all layers, or one for each part of the models. Counterpart: loaders/lora_base.py (set_adapters) */
import { printableValue } from '../../../src/errors/printable'
import type { UNet2DConditionModel } from '../../models/unet-2d-condition/unet-2d-condition-model'
import { type ScalesByBlock, scalesByTransformer } from '../block-scales'
import type { LoraComponent } from './lora-keys'

/** The weight of an adapter: one for all its layers, or one for each component and each block of the UNet. What is left out has the weight 1. */
export type AdapterWeight =
  | number
  | {
      readonly unet?: number | ScalesByBlock | undefined
      readonly textEncoder?: number | undefined
      readonly textEncoder2?: number | undefined
    }

/** The factors on the layers of one model. */
export interface LayerWeights {
  /** @param layer - state-dict name */
  of(layer: string): number
}

/** The weight of an adapter in each component: one for all layers, or by the names of the UNet's transformers. */
export type ExpandedWeights = Readonly<Record<LoraComponent, number | ReadonlyMap<string, number>>>

/** The weight 1 for all layers. */
export const EVERYWHERE: ExpandedWeights = { unet: 1, textEncoder: 1, textEncoder2: 1 }

/**
 * Returns the weight of an adapter for each component.
 *
 * @param unet - the UNet that weights by block are for
 * @param refuse - makes the error for a weight that does not fit, of the end of a sentence
 * @throws what `refuse` makes; InputTypeError for blocks that the UNet does not have
 */
export function expandWeights(
  weight: AdapterWeight,
  unet: UNet2DConditionModel | undefined,
  refuse: (problem: string) => Error,
): ExpandedWeights {
  if (typeof weight === 'number') {
    requireNumber(weight, 'its weight', refuse)
    return { unet: weight, textEncoder: weight, textEncoder2: weight }
  }
  const { unet: ofUNet = 1, textEncoder = 1, textEncoder2 = 1, ...unknown } = weight
  requireNone(unknown, 'component', ['unet', 'textEncoder', 'textEncoder2'], refuse)
  requireNumber(textEncoder, 'its weight for textEncoder', refuse)
  requireNumber(textEncoder2, 'its weight for textEncoder2', refuse)
  if (typeof ofUNet === 'object' && unet !== undefined) {
    const byTransformer = scalesByTransformer(unet, ofUNet, { missing: 1, input: 'weights' })
    return { unet: byTransformer, textEncoder, textEncoder2 }
  }
  requireNumber(ofUNet, 'its weight for unet', refuse)
  return { unet: ofUNet, textEncoder, textEncoder2 }
}

/**
 * The weights of an adapter in one component, times a factor for all. As in the reference, the weight of a transformer holds for the residual block and the
 * sampler of the same number as well.
 */
export function layerWeights(weights: ExpandedWeights, component: LoraComponent, factor: number): LayerWeights {
  const own = weights[component]
  if (typeof own === 'number') return { of: () => own * factor }
  return {
    of: layer => {
      const [, block, index] = /^((?:down|up)_blocks\.\d+)\.\w+\.(\d+)\./.exec(layer) ?? []
      const place = layer.startsWith(`${MIDDLE}.`) ? MIDDLE : `${block}.attentions.${index}`
      return factor * (own.get(place) ?? 1)
    },
  }
}

const MIDDLE = 'mid_block.attentions.0'

function requireNone(
  unknown: object,
  what: string,
  known: readonly string[],
  refuse: (problem: string) => Error,
): void {
  const [first] = Object.keys(unknown)
  if (first !== undefined)
    throw refuse(`has a weight for "${first}", which is not a ${what}; there are ${known.join(', ')}`)
}

function requireNumber(weight: unknown, what: string, refuse: (problem: string) => Error): asserts weight is number {
  if (typeof weight !== 'number' || !Number.isFinite(weight))
    throw refuse(`cannot be used: ${what} must be a finite number, but is ${printableValue(weight)}`)
}
