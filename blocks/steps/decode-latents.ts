/** Turns latents into pixels. Counterpart: StableDiffusionXLDecodeStep of diffusers. */
import { Autoencoder, type tf } from '../../components'
import {
  Block,
  Component,
  type In,
  Input,
  ModularPipelineBlocks,
  type Out,
  Output,
  type RunPlan,
  type UpcomingCall,
} from '../../src'
import { callSizeOf, isWhole } from './call-size-of'
import { vaeOptions } from './component-options'
import { latentScale } from './latent-scale'
import { latentsSchema, pixelsSchema } from './schemas'
import { sharedStep } from './shared-step'

/** Undoes the scaling of the latents and decodes them. */
@Block({ ...sharedStep, description: 'Scales the latents back and decodes them to pixels.' })
export class DecodeLatents extends ModularPipelineBlocks {
  static override readonly className: string = 'DecodeLatents'

  @Component(Autoencoder, vaeOptions)
  vae!: Autoencoder

  /** Denoised latents. */
  @Input(latentsSchema.describe('Denoised latents.'))
  latents!: In<tf.Tensor4D>

  @Output(pixelsSchema.describe('Pixels, about from -1 to 1.'))
  pixels!: Out<tf.Tensor4D>

  /** The decoding of all images. */
  override upcomingCalls(plan: RunPlan): UpcomingCall[] {
    const { vae } = this
    const size = callSizeOf(plan)
    if (size === undefined) return []
    const { shape } = vae.decodeShape(size)
    const prepare = (signal: AbortSignal | undefined) => vae.prepareDecode(shape, { signal })
    return [{ memory: vae.decodeBytes(shape), ...(isWhole(size) && { prepare }) }]
  }

  async run(): Promise<void> {
    const { vae, appliesStatistics: statistics, appliesShift: shift } = this
    const latents = vae.unscaleLatents(this.latents, latentScale(vae, { statistics, shift }))
    this.pixels = await vae.decode(latents, { signal: this.context.signal })
  }

  /** Whether means and deviations of the VAE's config are applied, if it has them. */
  protected get appliesStatistics(): boolean {
    return true
  }

  /** Whether the `shiftFactor` of the VAE's config is applied. The reference's pipelines for Stable Diffusion do not; a family that needs it overrides this. */
  protected get appliesShift(): boolean {
    return false
  }
}
