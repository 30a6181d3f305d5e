/** Takes the latents from one noise level to the next. */
import { z } from 'zod'
import { Generator } from '../../components/random/generator'
import { SchedulerMixin } from '../../components/schedulers/scheduler-mixin'
import { instance, tensor } from '../../components/tensors/tensor-schema'
import type * as tf from '../../components/tensors/tf'
import { Block, Component, type In, type InOut, Input, LoopStep, ModularPipelineBlocks, Output } from '../../src'
import { schedulerOptions } from './component-corrections'

const latentsSchema = tensor('images latentHeight latentWidth latentChannels')

/** A step of the denoise loop: applies the predicted noise. */
@Block({ description: 'Takes the latents to the next noise level.', version: '1.0.0', stability: 'beta' })
export class SchedulerStep extends ModularPipelineBlocks {
  static override readonly className: string = 'SchedulerStep'

  @Component(SchedulerMixin, schedulerOptions) scheduler!: SchedulerMixin

  @Input(latentsSchema) @Output(latentsSchema.describe('Less noisy latents.')) latents!: InOut<tf.Tensor4D>
  @Input(latentsSchema.describe('What the UNet predicted.')) noisePred!: In<tf.Tensor4D>
  /** DDIM and TCD: how much fresh noise each step adds, from 0 to 1. */
  @Input(z.number().min(0).default(0).describe('DDIM and TCD: how much fresh noise each step adds, from 0 to 1.'))
  eta!: In<number>

  /** Source of the noise that some schedulers add. */
  @Input(
    z
      .union([instance(Generator), z.array(instance(Generator))])
      .optional()
      .describe('Source of the noise that some schedulers add.'),
  )
  generator!: In<Generator | Generator[] | undefined>

  @LoopStep({ variables: ['t'] })
  async step({ t }: { t: number }): Promise<void> {
    const { eta, generator } = this
    await this.scheduler.prefetchNoise(t, this.latents, { generator }, this.context.signal)
    this.latents = this.scheduler.step(this.noisePred, t, this.latents, { eta, generator }).prevSample
  }
}
