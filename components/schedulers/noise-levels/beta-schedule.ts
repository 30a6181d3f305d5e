/** How much noise each training step added: the betas. Counterpart: beta_schedule of schedulers/scheduling_ddpm.py */
import { linspaceFloat32 } from './number-sequences'

/** The ends of a beta schedule. */
export interface BetaRange {
  numTrainTimesteps: number
  betaStart: number
  betaEnd: number
}

/** The largest beta of a schedule made from its cumulative product, whose last step would be 1. */
const MAX_BETA = 0.999

/** The beta schedules by their names in configs. */
export const betaSchedules = {
  linear: ({ betaStart, betaEnd, numTrainTimesteps }) => linspaceFloat32(betaStart, betaEnd, numTrainTimesteps),
  /** Linear in the square root: latent diffusion models. */
  scaled_linear: ({ betaStart, betaEnd, numTrainTimesteps }) =>
    linspaceFloat32(Math.sqrt(betaStart), Math.sqrt(betaEnd), numTrainTimesteps).map(root => root * root),
  /** The cosine schedule of https://arxiv.org/abs/2102.09672; it has no start and end. */
  squaredcos_cap_v2: ({ numTrainTimesteps }) =>
    betasForAlphaBar(numTrainTimesteps, t => Math.cos((((t + 0.008) / 1.008) * Math.PI) / 2) ** 2),
  /** The signal falls exponentially to e^-12; it has no start and end. */
  exp: ({ numTrainTimesteps }) => betasForAlphaBar(numTrainTimesteps, t => Math.exp(-12 * t)),
  /** Most steps near the middle of the noise, https://arxiv.org/abs/2407.03297; it has no start and end. */
  laplace: ({ numTrainTimesteps }) => betasForAlphaBar(numTrainTimesteps, laplaceAlphaBar),
  /** An S-curve between the ends: GeoDiff. */
  sigmoid: ({ betaStart, betaEnd, numTrainTimesteps }) =>
    linspaceFloat32(-6, 6, numTrainTimesteps).map(x => betaStart + (betaEnd - betaStart) / (1 + Math.exp(-x))),
} satisfies Record<string, (range: BetaRange) => Float32Array>

/** A name of a beta schedule. */
export type BetaScheduleName = keyof typeof betaSchedules

/** Betas whose cumulative product of `1 - beta` follows a curve over time from 0 to 1. */
function betasForAlphaBar(numTrainTimesteps: number, alphaBar: (time: number) => number): Float32Array {
  return Float32Array.from({ length: numTrainTimesteps }, (_, i) =>
    Math.min(1 - alphaBar((i + 1) / numTrainTimesteps) / alphaBar(i / numTrainTimesteps), MAX_BETA),
  )
}

/** The logarithm of signal to noise is spread by a Laplace distribution. */
function laplaceAlphaBar(time: number): number {
  const side = time <= 0.5 ? 1 : -1
  const snr = Math.exp(-0.5 * side * Math.log(1 - 2 * Math.abs(0.5 - time) + 1e-6))
  return Math.sqrt(snr / (1 + snr))
}
