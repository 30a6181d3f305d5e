/** Ways to space the noise levels of a run between its largest and smallest sigma. Each returns `count` sigmas, falling. */
import { betaQuantile } from './beta-quantile'
import { logFloat32 } from './float32-log'
import { shiftSigma } from './flow-shift'
import { linspace } from './number-sequences'

/** The ends of a sigma schedule. */
export interface SigmaRange {
  sigmaMax: number
  sigmaMin: number
}

/** Curvature of {@link karrasSigmas}, the paper's. */
const RHO = 7
/** Both shape parameters of {@link betaSigmas}, the paper's. */
const BETA_SHAPE = 0.6

/** Even steps in the root, by default the seventh: small steps at low noise. Source: https://arxiv.org/abs/2206.00364, equation 5 */
export function karrasSigmas({ sigmaMax, sigmaMin }: SigmaRange, count: number, rho = RHO): number[] {
  const high = sigmaMax ** (1 / rho)
  const low = sigmaMin ** (1 / rho)
  return linspace(0, 1, count).map(ramp => (high + ramp * (low - high)) ** rho)
}

/** Even steps in the logarithm. */
export function exponentialSigmas({ sigmaMax, sigmaMin }: SigmaRange, count: number): number[] {
  return linspace(Math.log(sigmaMax), Math.log(sigmaMin), count).map(Math.exp)
}

/**
 * Even steps in the logarithm, whose ends are rounded to float32. Source: https://arxiv.org/abs/2206.00927, section 3.4 (uniform
 * logSNR); counterpart: use_lu_lambdas
 */
export function luSigmas({ sigmaMax, sigmaMin }: SigmaRange, count: number): number[] {
  return linspace(logFloat32(sigmaMax), logFloat32(sigmaMin), count).map(Math.exp)
}

/** Quantiles of a beta distribution: small steps at both ends. Source: https://arxiv.org/abs/2407.12173 */
export function betaSigmas({ sigmaMax, sigmaMin }: SigmaRange, count: number): number[] {
  return linspace(0, 1, count).map(p => sigmaMin + betaQuantile(1 - p, BETA_SHAPE, BETA_SHAPE) * (sigmaMax - sigmaMin))
}

/**
 * Even steps in time of a flow from noise to data, shifted towards the noise for `flowShift` above 1. Sigmas lie between 0 and 1.
 * Source: https://arxiv.org/abs/2403.03206, section 5.3.2
 */
export function flowSigmas(numTrainTimesteps: number, flowShift: number, count: number): number[] {
  return linspace(1, 1 / numTrainTimesteps, count + 1)
    .map(alpha => shiftSigma(flowShift, 1 - alpha))
    .reverse()
    .slice(0, count)
}
