/** The denoise loop. Counterpart: StableDiffusionXLDenoiseLoopWrapper of diffusers. */
import { type tf, warnOfNonFinite } from '../../components'
import { Block, type In, type InOut, Input, LoopSequentialPipelineBlocks, LoopStep, Output, slot } from '../../src'
import { PredictNoise } from './predict-noise'
import { ScaleModelInput } from './scale-model-input'
import { SchedulerStep } from './scheduler-step'
import { latentsSchema, timestepsSchema } from './schemas'
import { sharedStep } from './shared-step'

/** Runs its parts once for each timestep. */
@Block({
  ...sharedStep,
  description: 'Denoises the latents: scales them, predicts the noise and takes a step, for each timestep.',
})
export class DenoiseLoop extends LoopSequentialPipelineBlocks {
  static override readonly className: string = 'DenoiseLoop'

  /** The timesteps of the run, falling. */
  @Input(timestepsSchema.describe('The timesteps of the run, falling.'))
  timesteps!: In<number[]>

  @Input(latentsSchema)
  @Output(latentsSchema.describe('Denoised latents.'))
  latents!: InOut<tf.Tensor4D>

  @LoopStep() scaleInput = slot(ScaleModelInput)
  @LoopStep() predictNoise = slot(PredictNoise)
  @LoopStep() update = slot(SchedulerStep)

  async run(): Promise<void> {
    const total = this.timesteps.length
    for (const [i, t] of this.timesteps.entries()) await this.loopStep({ i, t }, { total })
    await warnOfNonFinite('LATENTS_NOT_FINITE', 'latent image', this.latents, {
      effect: ' after denoising',
      signal: this.context.signal,
    })
  }
}
