/**
 * How strong an adapter is in each part of a UNet. Counterpart: loaders/unet_loader_utils.py (_maybe_expand_lora_scales).
 */
import { InputTypeError } from '../../src/errors/input-type-error'
import type { UNet2DConditionModel } from '../models/unet-2d-condition/unet-2d-condition-model'

/** One strength, or one for each transformer of a block. */
export type BlockScale = number | readonly number[]

/** Strengths by the parts of a UNet: `{ down: { block_2: [0, 1] }, mid: 0.5, up: { block_0: 1 } }`. */
export interface ScalesByBlock {
  /** Weight of the blocks on the way down: one for all, or by block. */
  readonly down?: number | Readonly<Record<string, BlockScale>>
  /** Weight of the block in the middle. */
  readonly mid?: BlockScale
  /** Weight of the blocks on the way up: one for all, or by block. */
  readonly up?: number | Readonly<Record<string, BlockScale>>
}

/** How {@link scalesByTransformer} reads scales. */
export interface ReadScalesOptions {
  /** Strength of the parts that are not named. */
  readonly missing: number
  /** The name of the input, for errors. */
  readonly input: string
}

/**
 * Returns the strength for each transformer of a UNet by its state-dict name, `down_blocks.1.attentions.0`.
 *
 * @throws InputTypeError for a part that the UNet does not have, or a list of the wrong length
 */
export function scalesByTransformer(
  unet: UNet2DConditionModel,
  scales: number | ScalesByBlock,
  { missing, input }: ReadScalesOptions,
): ReadonlyMap<string, number> {
  const transformers = transformersOf(unet)
  if (typeof scales === 'number') return new Map(transformers.map(({ name }) => [name, scales]))
  const refuse = (path: string, expected: string, value: unknown): never => {
    throw new InputTypeError({ path: [], input: `${input}.${path}`, expected, value })
  }
  for (const part of Object.keys(scales))
    if (!PARTS.includes(part)) refuse(part, `expected one of ${PARTS.join(', ')}`, scales)
  const result = new Map(transformers.map(({ name }) => [name, missing]))
  const put = (path: string, names: readonly string[], scale: unknown) => {
    const list = Array.isArray(scale) && scale.length === 1 ? scale[0] : scale
    if (Array.isArray(list) && list.length !== names.length) {
      refuse(path, `there must be one number, or one for each of its ${names.length} transformers`, scale)
    }
    for (const [i, name] of names.entries()) {
      const own: unknown = Array.isArray(list) ? list[i] : list
      if (typeof own !== 'number' || !Number.isFinite(own)) refuse(path, 'it must be a number', scale)
      result.set(name, own as number)
    }
  }
  const namesOf = (part: string, block?: string) =>
    transformers
      .filter(other => other.part === part && (block === undefined || other.block === block))
      .map(({ name }) => name)
  for (const [part, scale] of Object.entries(scales)) {
    if (scale === undefined) continue
    if (part === 'mid' || typeof scale !== 'object' || Array.isArray(scale)) {
      if (part !== 'mid' && Array.isArray(scale))
        refuse(part, 'it must be a number, or an object from blocks to numbers', scale)
      put(part, namesOf(part), scale)
      continue
    }
    for (const [block, own] of Object.entries(scale)) {
      const names = namesOf(part, block)
      if (names.length === 0) {
        const known = [...new Set(transformers.filter(other => other.part === part).map(other => other.block))].join(
          ', ',
        )
        refuse(`${part}.${block}`, `the UNet has attention in ${known || 'no block'} of "${part}"`, own)
      }
      put(`${part}.${block}`, names, own)
    }
  }
  return result
}

const PARTS = ['down', 'mid', 'up']

/** A transformer of a UNet, and where it is. */
interface PlacedTransformer {
  readonly name: string
  readonly part: string
  /** `block_1`. */
  readonly block: string
}

function transformersOf(unet: UNet2DConditionModel): PlacedTransformer[] {
  const placed: PlacedTransformer[] = []
  for (const [name] of unet.namedModules()) {
    const [, part, number = '0'] = /^(down|mid|up)_blocks?(?:\.(\d+))?\.attentions\.\d+$/.exec(name) ?? []
    if (part !== undefined) placed.push({ name, part, block: `block_${number}` })
  }
  return placed
}
