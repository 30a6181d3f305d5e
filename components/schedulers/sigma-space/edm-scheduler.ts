/**
 * What samplers of EDM models share. The network's input, output and timestep are scaled by the noise level, so that it always sees and
 * makes numbers of one size. Source: https://arxiv.org/abs/2206.00364, table 1; counterpart: the like parts of
 * schedulers/scheduling_edm_euler.py and schedulers/scheduling_edm_dpmsolver_multistep.py
 */
import { z } from 'zod'
import type * as tf from '../../tensors/tf'
import { exponentialSigmas, karrasSigmas } from '../noise-levels/sigma-schedules'
import { sigmaSettings } from '../noise-levels/sigma-settings'
import type { Schedule } from '../run-progress'
import { trainTimesteps } from '../scheduler-config'
import { applyMix, noiseReadingTypes } from '../steps/prediction-type'
import { SigmaSpaceScheduler } from './sigma-space-scheduler'

/** The settings that these schedulers have in common. Check with {@link checkSigmaRange}. */
export const edmSettings = {
  numTrainTimesteps: trainTimesteps(2),
  sigmaMin: z.number().positive().default(0.002),
  sigmaMax: z.number().positive().default(80),
  /** Standard deviation of the data that the network was trained on. */
  sigmaData: z.number().positive().default(0.5),
  sigmaSchedule: z.enum(['karras', 'exponential']).default('karras'),
  /** The output counts with its sign turned where it is `v_prediction`. */
  predictionType: z.enum(noiseReadingTypes).default('epsilon'),
  /** Curvature of the `karras` schedule: the larger, the smaller are the steps at low noise. */
  rho: z.number().positive().default(7),
  finalSigmasType: sigmaSettings.finalSigmasType,
}

/** Values of {@link edmSettings}. */
export type EDMConfig = Readonly<z.output<z.ZodObject<typeof edmSettings>>>

/** Reports a smallest sigma above the largest. */
export function checkSigmaRange({ sigmaMin, sigmaMax }: EDMConfig, context: z.RefinementCtx): void {
  if (sigmaMin <= sigmaMax) return
  const message = `must not be above sigma_max, which is ${sigmaMax}, but is ${sigmaMin}`
  context.addIssue({ code: 'custom', path: ['sigmaMin'], message })
}

/** Timesteps are a quarter of the sigma's logarithm, also below 0. */
export abstract class EDMScheduler<Config extends EDMConfig> extends SigmaSpaceScheduler<Config> {
  /** The noise that a run begins with, and the data under it. */
  override get initNoiseSigma(): number {
    return Math.hypot(this.config.sigmaMax, 1)
  }

  override predictOriginal<T extends tf.Tensor>(modelOutput: tf.Tensor, timestep: number, sample: T): T {
    return this.predictClean(this.sampleLevel(timestep).sigma, sample, modelOutput) as T // Of the sample's shape.
  }

  protected override inputScale(sigma: number): number {
    return 1 / Math.hypot(sigma, this.config.sigmaData)
  }

  /** The schedule of so many steps. By default, `sigma_min` as the end is the last sigma visited. */
  protected scheduleOf(count: number, end?: number): Schedule {
    const sigmas = this.spaceSigmas(count).map(Math.fround)
    const last = end ?? (this.config.finalSigmasType === 'zero' ? 0 : (sigmas.at(-1) as number))
    return {
      timesteps: sigmas.map(sigma => Math.fround(0.25 * Math.log(sigma))),
      sigmas: [...sigmas, Math.fround(last)],
    }
  }

  /** The clean sample, from the network's output for a sample that holds noise of a sigma, and was scaled for it. */
  protected predictClean(sigma: number, sample: tf.Tensor, modelOutput: tf.Tensor): tf.Tensor {
    const { sigmaData, predictionType } = this.config
    const scale = Math.hypot(sigma, sigmaData)
    const output = (sigma * sigmaData) / scale
    const mix = { sample: (sigmaData / scale) ** 2, modelOutput: predictionType === 'epsilon' ? output : -output }
    return applyMix(mix, sample, modelOutput)
  }

  private spaceSigmas(count: number): number[] {
    const { sigmaMin, sigmaMax, sigmaSchedule, rho } = this.config
    if (sigmaSchedule === 'karras') return karrasSigmas({ sigmaMin, sigmaMax }, count, rho)
    // Counted from the smallest one, as in the reference: a run of one step has only that.
    return exponentialSigmas({ sigmaMin: sigmaMax, sigmaMax: sigmaMin }, count).reverse()
  }
}
