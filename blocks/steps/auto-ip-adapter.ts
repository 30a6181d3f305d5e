/** Encodes pictures for IP-Adapters if there are any. Counterpart: StableDiffusionXLAutoIPAdapterStep of diffusers. */
import { AutoPipelineBlocks, Block, Branch, slot } from '../../src'
import { EncodeIPAdapterImage } from './encode-ip-adapter-image'
import { sharedStep } from './shared-step'
import { UseIPAdapterImageEmbeds } from './use-ip-adapter-image-embeds'

/** Encodes the pictures that are shown beside the prompt, or takes their embeddings; does nothing without them. */
@Block({ ...sharedStep, description: 'Encodes the pictures that are shown beside the prompt, if there are any.' })
export class AutoIPAdapter extends AutoPipelineBlocks {
  static override readonly className: string = 'AutoIPAdapter'

  @Branch({ when: 'ipAdapterImage' }) ipAdapter = slot(EncodeIPAdapterImage)
  @Branch({ when: 'ipAdapterImageEmbeds' }) ipAdapterEmbeds = slot(UseIPAdapterImageEmbeds)
}
