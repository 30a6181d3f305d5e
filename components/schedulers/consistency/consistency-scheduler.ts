/**
 * What schedulers of distilled models share: which of the timesteps that the model was distilled with a run visits. Counterpart:
 * set_timesteps of schedulers/scheduling_lcm.py and scheduling_tcd.py
 */
import { z } from 'zod'
import type { Schedule } from '../run-progress'
import { betaSettings, checkBetas, spacingSettings, thresholdingSettings } from '../scheduler-config'
import { clippingSettings } from '../steps/clean-sample-limits'
import { predictionTypes } from '../steps/prediction-type'
import type { TimestepsRequest } from '../timesteps-request'
import { VariancePreservingScheduler } from '../variance-preserving/variance-preserving-scheduler'

/** Settings of these schedulers. Spacing, offset and `setAlphaToOne` have no effect: the distillation decides the timesteps. */
export const consistencySchema = z
  .object({
    ...betaSettings,
    betaStart: betaSettings.betaStart.unwrap().default(0.00085),
    betaEnd: betaSettings.betaEnd.unwrap().default(0.012),
    betaSchedule: betaSettings.betaSchedule.unwrap().default('scaled_linear'),
    ...spacingSettings('leading'),
    ...thresholdingSettings,
    ...clippingSettings(false),
    predictionType: z.enum(predictionTypes).default('epsilon'),
    setAlphaToOne: z.boolean().default(true),
    /** How many timesteps the model was distilled with. */
    originalInferenceSteps: z.int().min(1).default(50),
    /** How fast the share of the prediction grows with the timestep: LCM only. */
    timestepScaling: z.number().positive().default(10),
  })
  .superRefine(checkBetas)

/** Settings of {@link LCMScheduler} and {@link TCDScheduler}. */
export type ConsistencyConfig = z.output<typeof consistencySchema>

/** Visits even steps of the distilled timesteps, or timesteps of the caller's own. */
export abstract class ConsistencyScheduler extends VariancePreservingScheduler<ConsistencyConfig> {
  protected override readonly setTimestepsOptions = ['timesteps', 'originalInferenceSteps', 'strength'] as const

  /** @throws ConfigError */
  constructor(config: z.input<typeof consistencySchema> = {}, file?: string) {
    super(consistencySchema, config, file)
  }

  protected override makeSchedule(request: TimestepsRequest): Schedule {
    const { timesteps, numInferenceSteps, strength = 1 } = request
    const { numTrainTimesteps } = this.config
    if (!(strength > 0 && strength <= 1)) {
      throw this.refuse('strength', `must be a number above 0, at most 1, but is ${strength}`)
    }
    const original = request.originalInferenceSteps ?? this.config.originalInferenceSteps
    if (!Number.isInteger(original) || original < 1 || original > numTrainTimesteps) {
      const allowed = `a whole number from 1 to ${numTrainTimesteps}, the timesteps of the training`
      throw this.refuse('originalInferenceSteps', `must be ${allowed}, but is ${original}`)
    }
    if (timesteps !== undefined) {
      const visited = Math.trunc(numInferenceSteps * strength)
      if (visited === 0) throw this.refuse('strength', `${strength} leaves none of ${numInferenceSteps} timesteps`)
      return { timesteps: timesteps.slice(-visited).map(Math.trunc), numInferenceSteps }
    }
    const distilled = this.distilledTimesteps(request, original, strength)
    const most = Math.min(distilled.length, original)
    if (numInferenceSteps > most) {
      const problem = `must be at most ${most}, the distilled timesteps within the strength, but is ${numInferenceSteps}`
      throw this.refuse('numInferenceSteps', problem)
    }
    const stride = distilled.length / numInferenceSteps
    return {
      timesteps: Array.from({ length: numInferenceSteps }, (_, i) => distilled[Math.floor(i * stride)] as number),
    }
  }

  /** Whether the step at a place ends the run. With own timesteps that `strength` has cut none does, as in the reference. */
  protected isLast(index: number): boolean {
    return index === (this.numInferenceSteps ?? this.timesteps.length) - 1
  }

  /** The timesteps that runs choose from, falling. */
  protected distilledTimesteps(_request: TimestepsRequest, original: number, strength: number): number[] {
    const stride = Math.floor(this.config.numTrainTimesteps / original)
    const count = Math.trunc(original * strength)
    return Array.from({ length: count }, (_, i) => (count - i) * stride - 1)
  }
}
