/** Encodes the prompt, or takes embeddings in its place. */
import { AutoPipelineBlocks, Block, Branch, slot } from '../../src'
import { StableDiffusionXLEncodePrompt } from './encode-prompt'
import { stableDiffusionXL } from './stable-diffusion-xl'
import { StableDiffusionXLUsePromptEmbeds } from './use-prompt-embeds'

/** Encodes the prompt unless it is given as embeddings. */
@Block({ ...stableDiffusionXL, description: 'Encodes the prompt, or takes embeddings in its place.' })
export class StableDiffusionXLAutoTextEncoder extends AutoPipelineBlocks {
  static override readonly className: string = 'StableDiffusionXLAutoTextEncoder'

  @Branch({ when: 'promptEmbeds' }) promptEmbeds = slot(StableDiffusionXLUsePromptEmbeds)
  @Branch({ when: 'pooledPromptEmbeds' }) pooledPromptEmbeds = slot(StableDiffusionXLUsePromptEmbeds)
  @Branch({ when: 'negativePromptEmbeds' }) negativePromptEmbeds = slot(StableDiffusionXLUsePromptEmbeds)
  @Branch({ when: 'negativePooledPromptEmbeds' }) negativePooledPromptEmbeds = slot(StableDiffusionXLUsePromptEmbeds)
  @Branch({ otherwise: true }) prompt = slot(StableDiffusionXLEncodePrompt)
}
