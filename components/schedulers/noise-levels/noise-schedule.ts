/** The noise levels that a model was trained with, as tables by training timestep. All in float32, as the reference keeps them. */
import type { Schedule } from '../run-progress'
import { type BetaRange, type BetaScheduleName, betaSchedules } from './beta-schedule'
import { logFloat32 } from './float32-log'
import { rootFloat32 } from './root-float32'

/** The settings that decide the noise levels. */
export interface NoiseScheduleSettings extends BetaRange {
  betaSchedule: BetaScheduleName
  trainedBetas: readonly number[] | null
  /** Default: false. */
  rescaleBetasZeroSnr?: boolean | undefined
}

/** Noise levels, one entry for each training timestep. */
export interface NoiseSchedule {
  /** Variance of the noise that each step added. */
  readonly betas: Float32Array
  /** Share of the clean sample's variance that is left: at `t` a sample is `√a · clean + √(1 − a) · noise`. Falls. */
  readonly alphasCumprod: Float32Array
}

/** A noise schedule with the noise-to-signal ratios that samplers in sigma space work with. */
export interface SigmaSchedule extends NoiseSchedule {
  /** Standard deviation of the noise for a clean sample of scale 1: `√((1 − a) / a)`. Rises. */
  readonly sigmas: Float32Array
  /** Natural logarithms of the sigmas. */
  readonly logSigmas: Float32Array
}

/** The smallest float16 above zero: stands for a signal of nothing where its inverse is needed. */
const NEARLY_ZERO = 2 ** -24

/** The noise levels of a config. */
export function makeNoiseSchedule(settings: NoiseScheduleSettings): NoiseSchedule {
  const { trainedBetas, betaSchedule, rescaleBetasZeroSnr } = settings
  const trained = trainedBetas === null ? betaSchedules[betaSchedule](settings) : Float32Array.from(trainedBetas)
  const betas = rescaleBetasZeroSnr ? rescaleZeroTerminalSnr(trained) : trained
  return { betas, alphasCumprod: cumulativeAlphas(betas) }
}

/** The noise levels of a config, for samplers in sigma space. A schedule that ends in pure noise keeps a trace of signal. */
export function makeSigmaSchedule(settings: NoiseScheduleSettings): SigmaSchedule {
  const { betas, alphasCumprod } = makeNoiseSchedule(settings)
  const sigmas = alphasCumprod.map(alpha => Math.sqrt(Math.fround(Math.fround(1 - alpha) / alpha)))
  if (settings.rescaleBetasZeroSnr) {
    const last = alphasCumprod.length - 1
    alphasCumprod[last] = NEARLY_ZERO
    // Halfway between two numbers of float32: the root of the reference is the upper one.
    sigmas[last] = Math.sqrt(1 / NEARLY_ZERO)
  }
  return { betas, alphasCumprod, sigmas, logSigmas: sigmas.map(logFloat32) }
}

/** The schedule that visits every timestep of the training, and ends in no noise. */
export function trainingSchedule({ sigmas }: SigmaSchedule): Schedule {
  const last = sigmas.length - 1
  return { timesteps: Array.from(sigmas, (_, i) => last - i), sigmas: [...sigmas.toReversed(), 0] }
}

function cumulativeAlphas(betas: Float32Array): Float32Array {
  let product = 1
  return betas.map(beta => {
    product *= Math.fround(1 - beta)
    return product
  })
}

/** Shifts and stretches the signal so that its last step is nothing. Source: https://arxiv.org/abs/2305.08891, algorithm 1 */
function rescaleZeroTerminalSnr(betas: Float32Array): Float32Array {
  const signal = cumulativeAlphas(betas).map(rootFloat32)
  const first = signal[0] as number
  const last = signal[signal.length - 1] as number
  const stretch = Math.fround(first / Math.fround(first - last))
  const alphaBar = signal.map(value => Math.fround(Math.fround(value - last) * stretch) ** 2)
  return alphaBar.map((value, t) => 1 - (t === 0 ? value : Math.fround(value / (alphaBar[t - 1] as number))))
}
