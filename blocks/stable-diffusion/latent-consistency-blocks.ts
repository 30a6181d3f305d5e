/** Text to image with a latent consistency model. Counterpart: LatentConsistencyModelPipeline of diffusers. */
import { Block, Step, slot } from '../../src'
import {
  LatentConsistencySetGuidance,
  LatentConsistencySetTimesteps,
  latentConsistency,
} from './latent-consistency-steps'
import { StableDiffusionTextToImageBlocks } from './text-to-image-blocks'

/** Words to pictures in a few steps: the guidance is a part of the UNet, which takes its scale as an input. */
@Block({
  ...latentConsistency,
  description: 'Draws pictures of what a prompt says in a few steps, with a latent consistency model.',
})
export class LatentConsistencyTextToImageBlocks extends StableDiffusionTextToImageBlocks {
  static override readonly className: string = 'LatentConsistencyTextToImageBlocks'

  @Step() override setGuidance = slot(LatentConsistencySetGuidance)
  @Step() override setTimesteps = slot(LatentConsistencySetTimesteps)
}
