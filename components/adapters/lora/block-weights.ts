/** Weights of an adapter: one for all layers, or one for each part of the models. Counterpart: loaders/unet_loader_utils.py */
import { printableValue } from '../../../src/errors/printable'
import type { LoraComponent } from './lora-keys'

/** A weight for each transformer of a block, or one for all of them. */
export type BlockWeight = number | readonly number[]

/** Weights for the blocks of one side of a UNet: one for all, or by block. */
export type SideWeights = BlockWeight | { readonly [block: `block_${number}`]: BlockWeight }

/** Weights for the parts of a UNet. Parts that are left out have the weight 1. */
export interface UNetWeights {
  readonly down?: SideWeights | undefined
  readonly mid?: BlockWeight | undefined
  readonly up?: SideWeights | undefined
}

/** The weight of an adapter: one for all its layers, or one for each component. Components that are left out have the weight 1. */
export type AdapterWeight =
  | number
  | {
      readonly unet?: number | UNetWeights | undefined
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

/**
 * Returns the weight of an adapter for each component.
 *
 * @param names - state-dict names of the modules of the UNet
 * @param refuse - makes the error for a weight that does not fit, of the end of a sentence
 * @throws what `refuse` makes
 */
export function expandWeights(
  weight: AdapterWeight,
  names: Iterable<string>,
  refuse: (problem: string) => Error,
): ExpandedWeights {
  if (typeof weight === 'number') {
    requireNumber(weight, 'its weight', refuse)
    return { unet: weight, textEncoder: weight, textEncoder2: weight }
  }
  const { unet = 1, textEncoder = 1, textEncoder2 = 1, ...unknown } = weight
  requireNone(unknown, 'component', ['unet', 'textEncoder', 'textEncoder2'], refuse)
  requireNumber(textEncoder, 'its weight for textEncoder', refuse)
  requireNumber(textEncoder2, 'its weight for textEncoder2', refuse)
  if (typeof unet !== 'number') return { unet: expandUNet(unet, names, refuse), textEncoder, textEncoder2 }
  requireNumber(unet, 'its weight for unet', refuse)
  return { unet, textEncoder, textEncoder2 }
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

/** The weight of each transformer of a UNet, by its state-dict name. */
function expandUNet(
  { down, mid, up, ...unknown }: UNetWeights,
  names: Iterable<string>,
  refuse: (problem: string) => Error,
): Map<string, number> {
  requireNone(unknown, 'part of the UNet', ['down', 'mid', 'up'], refuse)
  const transformers = new Map<string, string[]>()
  for (const name of names) {
    const [, block] = /^((?:down|up)_blocks\.\d+|mid_block)\.attentions\.\d+$/.exec(name) ?? []
    if (block !== undefined) transformers.set(block, [...(transformers.get(block) ?? []), name])
  }
  const weights = new Map<string, number>()
  const put = (where: string, weight: BlockWeight, places: readonly string[]) => {
    const each = typeof weight === 'number' ? [weight] : weight
    if (each.length !== 1 && each.length !== places.length) {
      throw refuse(`has ${each.length} weights for ${where}, which has ${places.length} transformers`)
    }
    for (const [i, place] of places.entries()) {
      const own = each[i] ?? each[0]
      requireNumber(own, `its weight for ${where}`, refuse)
      weights.set(place, own)
    }
  }
  if (mid !== undefined) put('mid', mid, transformers.get('mid_block')?.slice(0, 1) ?? [])
  for (const [side, given] of Object.entries({ down, up })) {
    if (given === undefined) continue
    const blocks = [...transformers].flatMap(([block, places]) => {
      const [, number] = new RegExp(`^${side}_blocks\\.(\\d+)$`).exec(block) ?? []
      return number === undefined ? [] : [[`block_${number}`, places] as const]
    })
    const isForAll = typeof given === 'number' || Array.isArray(given)
    const byBlock: Record<string, unknown> = isForAll ? {} : { ...(given as object) }
    requireNone(
      Object.fromEntries(Object.entries(byBlock).filter(([key]) => !blocks.some(([name]) => name === key))),
      `block of "${side}" with transformers`,
      blocks.map(([name]) => name),
      refuse,
    )
    for (const [block, places] of blocks) {
      const weight = (isForAll ? given : byBlock[block]) as BlockWeight | undefined
      if (weight !== undefined) put(`${side}.${block}`, weight, places)
    }
  }
  return weights
}

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
