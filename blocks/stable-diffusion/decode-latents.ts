/** Turns latents into pixels, and checks them. Counterpart: decode_latents and run_safety_checker of StableDiffusionPipeline in diffusers. */
import { z } from 'zod'
import { CLIPImageProcessor, StableDiffusionSafetyChecker, VaeImageProcessor } from '../../components'
import { Block, Component, Config, type Out, Output } from '../../src'
import { imageProcessorOptions } from '../steps/component-options'
import { DecodeLatents } from '../steps/decode-latents'
import { checkSafety } from './check-safety'
import { stableDiffusion } from './stable-diffusion'

/** What it means to go without the checker. */
const UNCHECKED = 'Pictures are not checked for safety.'

/**
 * Decodes latents that are scaled by `scalingFactor` alone: as in the reference, statistics of the VAE's config are not applied. If the pipeline has a safety
 * checker, the pictures that it flags become black, and a warning says so; most models have none.
 */
@Block({ ...stableDiffusion, description: 'Scales the latents back and decodes them to pixels.' })
export class StableDiffusionDecodeLatents extends DecodeLatents {
  static override readonly className: string = 'StableDiffusionDecodeLatents'

  @Component(StableDiffusionSafetyChecker, {
    optional: true,
    description: 'Finds pictures that should not be shown.',
    withoutFiles: { consequence: UNCHECKED },
  })
  safetyChecker!: StableDiffusionSafetyChecker | undefined

  @Component(CLIPImageProcessor, {
    optional: true,
    description: 'Prepares pictures for the safety checker.',
    withoutFiles: { consequence: UNCHECKED, leaveOut: ['safetyChecker'] },
  })
  featureExtractor!: CLIPImageProcessor | undefined

  @Component(VaeImageProcessor, imageProcessorOptions)
  imageProcessor!: VaeImageProcessor

  /** Whether the model is meant to be used with a safety checker. */
  @Config({ default: false, description: 'Whether to warn if there is no safety checker.' })
  requiresSafetyChecker!: boolean

  @Output({
    schema: z.array(z.boolean()).optional(),
    description: 'Whether each picture was flagged; none without a safety checker.',
  })
  nsfwContentDetected!: Out<boolean[] | undefined>

  override async run(): Promise<void> {
    await super.run()
    const { pixels, nsfwContentDetected } = await checkSafety(this, this.pixels, this.context)
    this.pixels = pixels
    this.nsfwContentDetected = nsfwContentDetected
  }

  protected override get appliesStatistics(): boolean {
    return false
  }
}
