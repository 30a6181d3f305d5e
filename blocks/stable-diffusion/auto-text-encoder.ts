/** Encodes the prompt, or takes embeddings in its place. */
import { AutoPipelineBlocks, Block, Branch, slot } from '../../src'
import { EncodePrompt } from './encode-prompt'
import { stableDiffusion } from './stable-diffusion'
import { UsePromptEmbeds } from './use-prompt-embeds'

/** Encodes the prompt unless it is given as embeddings. */
@Block({ ...stableDiffusion, description: 'Encodes the prompt, or takes embeddings in its place.' })
export class StableDiffusionAutoTextEncoder extends AutoPipelineBlocks {
  static override readonly className: string = 'StableDiffusionAutoTextEncoder'

  @Branch({ when: 'promptEmbeds' }) promptEmbeds = slot(UsePromptEmbeds)
  @Branch({ when: 'negativePromptEmbeds' }) negativePromptEmbeds = slot(UsePromptEmbeds)
  @Branch({ otherwise: true }) prompt = slot(EncodePrompt)
}
