/** Chooses the timesteps of the run. Counterpart: retrieve_timesteps of diffusers. */
import { z } from 'zod'
import { SchedulerMixin, type SetTimestepsOptions } from '../../components'
import { Block, Component, type In, type InOut, Input, ModularPipelineBlocks, Output, type RunCost } from '../../src'
import { schedulerOptions } from './component-options'
import { countSchema, timestepsSchema } from './schemas'
import { sharedStep } from './shared-step'

const fallingSchema = timestepsSchema.min(1)

/** Asks the scheduler for its timesteps. */
@Block({ ...sharedStep, description: 'Chooses the timesteps of the run.' })
export class SetTimesteps extends ModularPipelineBlocks {
  static override readonly className: string = 'SetTimesteps'

  @Component(SchedulerMixin, schedulerOptions)
  scheduler!: SchedulerMixin

  /** How many denoising steps to take. More steps take longer and may look better. */
  @Input(
    countSchema.default(50).describe('How many denoising steps to take. More steps take longer and may look better.'),
  )
  @Output(z.int().describe('How many denoising steps are taken.'))
  numInferenceSteps!: InOut<number>

  /** Timesteps to use in place of the scheduler's own, falling. */
  @Input(fallingSchema.optional().describe("Timesteps to use in place of the scheduler's own, falling."))
  @Output(fallingSchema.describe('The timesteps of the run, falling.'))
  timesteps!: InOut<number[] | undefined>

  /** Noise levels to use in place of the scheduler's own, falling. */
  @Input(fallingSchema.optional().describe("Noise levels to use in place of the scheduler's own, falling."))
  sigmas!: In<number[] | undefined>

  override estimateCost(): RunCost {
    const custom = this.timesteps ?? this.sigmas
    return { steps: custom?.length ?? this.numInferenceSteps }
  }

  /** Further options of the scheduler. */
  protected get furtherOptions(): SetTimestepsOptions {
    return {}
  }

  run(): void {
    const { timesteps, sigmas, scheduler } = this
    const isCustom = timesteps !== undefined || sigmas !== undefined
    scheduler.setTimesteps(isCustom ? undefined : this.numInferenceSteps, {
      ...(timesteps && { timesteps }),
      ...(sigmas && { sigmas }),
      ...this.furtherOptions,
    })
    this.timesteps = [...scheduler.timesteps]
    this.numInferenceSteps = scheduler.numInferenceSteps ?? scheduler.timesteps.length
  }
}
