/** Whether a ControlNet was made for a UNet of this form. */
import { stateDictName } from '../../nn/state-dict-name'

/** What a ControlNet and its UNet must have in common. */
interface CommonSettings {
  readonly inChannels: number
  readonly blockOutChannels: readonly number[]
  readonly layersPerBlock: number | readonly number[]
  readonly crossAttentionDim: number | readonly number[]
  readonly additionEmbedType: string | null
}

/** The part of a UNet that is looked at. */
export interface ControlledUNet {
  readonly config: CommonSettings
}

const SETTINGS = ['crossAttentionDim', 'blockOutChannels', 'layersPerBlock', 'additionEmbedType'] as const

/**
 * Says in which setting a ControlNet differs from a UNet; `undefined` where its maps fit. A UNet that inpaints takes more channels than the latents, which alone the
 * ControlNet sees.
 */
export function mismatchWith(control: CommonSettings, { config: unet }: ControlledUNet): string | undefined {
  const levels = unet.blockOutChannels.length
  const text = (value: unknown, isPerLevel: boolean) =>
    JSON.stringify(isPerLevel && !Array.isArray(value) ? Array(levels).fill(value) : value)
  for (const key of SETTINGS) {
    const isPerLevel = key === 'crossAttentionDim' || key === 'layersPerBlock'
    const [ours, its] = [text(control[key], isPerLevel), text(unet[key], isPerLevel)]
    if (ours === its) continue
    return `its ${stateDictName(key)} is ${JSON.stringify(control[key])}, and that of the UNet ${JSON.stringify(unet[key])}`
  }
  return undefined
}
