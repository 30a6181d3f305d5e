/** Chooses the timesteps of a run that begins with a picture. Counterpart: StableDiffusionXLImg2ImgSetTimestepsStep of diffusers. */
import { z } from 'zod'
import { Block, type In, Input, InputTypeError, type Out, Output, type RunCost } from '../../src'
import { SetTimesteps } from './set-timesteps'
import { sharedStep } from './shared-step'
import { beginByShare, beginByStrength, endByShare, stepsOfStrength } from './timestep-window'

/** How much of a picture is redrawn. Families give it a default. */
export const strengthSchema = z
  .number()
  .min(0)
  .max(1)
  .describe(
    'How much to change the picture, from 0 to 1: that share of the steps is taken, and 1 begins with noise alone.',
  )

/** The input that says where a run begins which continues with latents of another. */
export const denoisingStartSchema = z
  .number()
  .min(0)
  .lt(1)
  .optional()
  .describe(
    'Share of the denoising that is already done, at least 0 and less than 1: the run takes the rest, and adds no noise. In place of `strength`.',
  )

/** The input that says where a run ends whose latents another one continues with. */
export const denoisingEndSchema = z
  .number()
  .gt(0)
  .max(1)
  .optional()
  .describe(
    'Share of the denoising after which the run ends, above 0 and at most 1. The latents keep the noise that is left.',
  )

/** Asks the scheduler for its timesteps, and keeps those that the picture needs. */
@Block({ ...sharedStep, description: 'Chooses the timesteps of a run that begins with a picture.' })
export class SetImg2ImgTimesteps extends SetTimesteps {
  static override readonly className: string = 'SetImg2ImgTimesteps'

  /** How much to change the picture, from 0 to 1: that share of the steps is taken, and 1 begins with noise alone. */
  @Input(strengthSchema.default(0.3))
  strength!: In<number>

  /** Share of the denoising that is already done, at least 0 and less than 1: the run takes the rest, and adds no noise. In place of `strength`. */
  @Input(denoisingStartSchema)
  denoisingStart!: In<number | undefined>

  /** Share of the denoising after which the run ends, above 0 and at most 1. The latents keep the noise that is left. */
  @Input(denoisingEndSchema)
  denoisingEnd!: In<number | undefined>

  @Output(z.number().describe('The timestep whose noise the run begins with.'))
  latentTimestep!: Out<number>

  override estimateCost(): RunCost {
    const { steps = 0 } = super.estimateCost()
    const { strength, denoisingStart: start, denoisingEnd: end = 1 } = this
    const skipped = start === undefined ? steps - stepsOfStrength(steps, strength) : Math.floor(steps * start)
    return { steps: Math.max(0, Math.ceil(steps * end) - skipped) }
  }

  override run(): void {
    super.run()
    const { scheduler, strength, denoisingStart: start, denoisingEnd: end = 1 } = this
    if (start !== undefined && start >= end) {
      throw this.refuse('denoisingEnd', `it must be greater than denoisingStart, which is ${start}`, end)
    }
    const begin = start === undefined ? beginByStrength(scheduler, strength) : beginByShare(scheduler, start)
    const timesteps = endByShare(scheduler, scheduler.timesteps.slice(begin), end)
    const [first] = timesteps
    if (first === undefined) {
      const steps = `it leaves none of the ${this.numInferenceSteps} steps`
      const advice =
        end < 1
          ? `${steps} before denoisingEnd, ${end}. Pass a larger strength or a later end`
          : `${steps}. Pass a larger strength or more steps`
      if (start === undefined) throw this.refuse('strength', advice, strength)
      throw this.refuse(
        'denoisingStart',
        `no timestep lies between it and denoisingEnd, ${end}. Take more steps`,
        start,
      )
    }
    scheduler.setBeginIndex(begin)
    this.timesteps = [...timesteps]
    this.latentTimestep = first
    this.numInferenceSteps =
      start === undefined && end === 1 ? this.numInferenceSteps - begin / scheduler.order : timesteps.length
  }

  private refuse(input: string, expected: string, value: unknown): InputTypeError {
    return new InputTypeError({ path: this.context.path, input, expected, value })
  }
}
