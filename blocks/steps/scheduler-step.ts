/** Takes the latents from one noise level to the next. */
import { z } from 'zod'
import { type Generator, SchedulerMixin, type tf } from '../../components'
import {
  Block,
  Component,
  classNameOf,
  type In,
  type InOut,
  Input,
  LoopStep,
  ModularPipelineBlocks,
  Output,
} from '../../src'
import { schedulerOptions } from './component-options'
import { generatorsSchema, latentsSchema } from './schemas'
import { sharedStep } from './shared-step'
import { tellPreview } from './tell-preview'

/** A step of the denoise loop: applies the predicted noise. */
@Block({ ...sharedStep, description: 'Takes the latents to the next noise level.' })
export class SchedulerStep extends ModularPipelineBlocks {
  static override readonly className: string = 'SchedulerStep'

  @Component(SchedulerMixin, schedulerOptions)
  scheduler!: SchedulerMixin

  @Input(latentsSchema)
  @Output(latentsSchema.describe('Less noisy latents.'))
  latents!: InOut<tf.Tensor4D>

  @Input(latentsSchema.describe('What the UNet predicted.'))
  noisePred!: In<tf.Tensor4D>

  /** DDIM and TCD: how much fresh noise each step adds, from 0 to 1. */
  @Input(z.number().min(0).default(0).describe('DDIM and TCD: how much fresh noise each step adds, from 0 to 1.'))
  eta!: In<number>

  /** Source of the noise that some schedulers add. */
  @Input(generatorsSchema.optional().describe('Source of the noise that some schedulers add.'))
  generator!: In<Generator | Generator[] | undefined>

  @LoopStep({ variables: ['t'] })
  async step({ i = 0, t }: { i?: number; t: number }): Promise<void> {
    const { scheduler, noisePred, latents, eta, generator } = this
    if (i === 0 && eta > 0 && !this.scheduler.takesEta) {
      const name = classNameOf(this.scheduler)
      this.context.warn(
        'ETA_IGNORED',
        `eta (${eta}) is ignored: ${name} does not use it. DDIMScheduler and TCDScheduler do.`,
      )
    }
    await tellPreview(this.context, { scheduler, noisePred, latents, t })
    await this.scheduler.prefetchNoise(t, this.latents, { generator }, this.context.signal)
    this.latents = this.scheduler.step(this.noisePred, t, this.latents, { eta, generator }).prevSample
  }
}
