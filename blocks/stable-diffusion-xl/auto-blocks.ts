/** Text to image, image to image and inpainting with a Stable Diffusion XL model: which, the inputs say. */
import { Block, Step, slot } from '../../src'
import { AutoIPAdapter } from '../steps/auto-ip-adapter'
import { AutoPictureBlocks } from '../steps/auto-picture-blocks'
import { StableDiffusionXLAutoDecode } from './auto-decode'
import { StableDiffusionXLAutoTextEncoder } from './auto-text-encoder'
import { StableDiffusionXLAutoVaeEncoder } from './auto-vae-encoder'
import { StableDiffusionXLCoreDenoise } from './core-denoise'
import { stableDiffusionXL } from './stable-diffusion-xl'

/**
 * The blocks of the family that `ModularPipeline.fromPretrained` takes, for base models and refiners. A prompt alone
 * makes a picture, a prompt and a picture change it, and a mask redraws a part of it. Structure and names are those of
 * StableDiffusionXLAutoBlocks of diffusers.
 *
 * ```ts
 * const model = 'stabilityai/stable-diffusion-xl-base-1.0'
 * const base = await ModularPipeline.fromPretrained<StableDiffusionXLAutoBlocks>(model)
 * await base.loadComponents()
 * const [image] = await base({ prompt: 'red apple' }, { output: 'images', seed: 1 })
 * ```
 */
@Block({
  ...stableDiffusionXL,
  description: 'Draws and changes pictures as a prompt says, with a model of the Stable Diffusion XL family.',
})
export class StableDiffusionXLAutoBlocks extends AutoPictureBlocks {
  static override readonly className: string = 'StableDiffusionXLAutoBlocks'

  @Step() textEncoder = slot(StableDiffusionXLAutoTextEncoder)
  @Step() ipAdapter = slot(AutoIPAdapter)
  @Step() vaeEncoder = slot(StableDiffusionXLAutoVaeEncoder)
  @Step() denoise = slot(StableDiffusionXLCoreDenoise)
  @Step() decode = slot(StableDiffusionXLAutoDecode)

  override get workflowMap() {
    return {
      ...super.workflowMap,
      controlnetUnionText2image: { prompt: true, controlImage: true, controlMode: true },
      controlnetUnionImage2image: { prompt: true, image: true, controlImage: true, controlMode: true },
      controlnetUnionInpainting: { prompt: true, image: true, maskImage: true, controlImage: true, controlMode: true },
      ipAdapterControlnetUnionText2image: { prompt: true, controlImage: true, controlMode: true, ipAdapterImage: true },
      ipAdapterControlnetUnionImage2image: {
        prompt: true,
        image: true,
        controlImage: true,
        controlMode: true,
        ipAdapterImage: true,
      },
      ipAdapterControlnetUnionInpainting: {
        prompt: true,
        image: true,
        maskImage: true,
        controlImage: true,
        controlMode: true,
        ipAdapterImage: true,
      },
    } as const
  }
}
