/** Text to image, image to image and inpainting with a Stable Diffusion model: which, the inputs say. */
import { Block, Step, slot } from '../../src'
import { AutoIPAdapter } from '../steps/auto-ip-adapter'
import { AutoPictureBlocks } from '../steps/auto-picture-blocks'
import { StableDiffusionAutoDecode } from './auto-decode'
import { StableDiffusionCoreDenoise } from './auto-denoise'
import { StableDiffusionAutoTextEncoder } from './auto-text-encoder'
import { StableDiffusionAutoVaeEncoder } from './auto-vae-encoder'
import { stableDiffusion } from './stable-diffusion'

/**
 * The blocks of the family that `ModularPipeline.fromPretrained` takes: A prompt alone makes a picture, a prompt and a
 * picture change it, and a mask redraws a part of it. Structure and names are those of StableDiffusionXLAutoBlocks of
 * diffusers.
 *
 * ```ts
 * const pipe = await ModularPipeline.fromPretrained<StableDiffusionAutoBlocks>(bundledModel('emoji'))
 * await pipe.loadComponents()
 * const [image] = await pipe({ prompt: 'red apple', image: drawing, strength: 0.7 }, { output: 'images', seed: 1 })
 * ```
 */
@Block({
  ...stableDiffusion,
  description: 'Draws and changes pictures as a prompt says, with a model of the Stable Diffusion family.',
})
export class StableDiffusionAutoBlocks extends AutoPictureBlocks {
  static override readonly className: string = 'StableDiffusionAutoBlocks'

  @Step() textEncoder = slot(StableDiffusionAutoTextEncoder)
  @Step() ipAdapter = slot(AutoIPAdapter)
  @Step() vaeEncoder = slot(StableDiffusionAutoVaeEncoder)
  @Step() denoise = slot(StableDiffusionCoreDenoise)
  @Step() decode = slot(StableDiffusionAutoDecode)
}
