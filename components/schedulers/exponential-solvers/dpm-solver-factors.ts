/**
 * The arithmetic of one DPM-Solver step, as factors of the tensors involved. Sources:
 * https://arxiv.org/abs/2206.00927 (dpmsolver), https://arxiv.org/abs/2211.01095 (dpmsolver++ and the stochastic forms).
 */
import { halfLogSnr, type NoiseLevel } from '../steps/prediction-type'
import type { StepFactors } from './step-factors'

/** Those with `++` follow predictions of the clean sample, the others of the noise; `sde` ones add fresh noise. */
export const dpmAlgorithms = ['dpmsolver', 'dpmsolver++', 'sde-dpmsolver', 'sde-dpmsolver++'] as const

/** A name of an algorithm. */
export type DPMAlgorithm = (typeof dpmAlgorithms)[number]

/** Which second-order form is used: `midpoint` or `heun`. The third order has one form. */
export type DPMSolverType = 'midpoint' | 'heun'

/** Factors of a Taylor series: of the prediction, and of its first and second derivative. */
interface Series extends Omit<StepFactors, 'predictions'> {
  readonly value: number
  readonly slope: number
  readonly curvature: number
}

/**
 * The step to `next` from `levels`.
 *
 * @param levels the noise levels of the newest predictions, the newest (that of the sample) first; as many as the order
 */
export function dpmSolverFactors(
  algorithm: DPMAlgorithm,
  solverType: DPMSolverType,
  next: NoiseLevel,
  levels: readonly NoiseLevel[],
): StepFactors {
  const [lambda, lambda0, lambda1, lambda2] = [next, ...levels].map(halfLogSnr) as [number, number, number?, number?]
  const h = lambda - lambda0
  // Where a schedule repeats its last sigma there is nothing to do, and no number to divide by.
  if (h === 0) return { sample: 1, predictions: levels.map(() => 0), noise: 0 }
  const form = levels.length === 2 ? solverType : 'heun'
  const { sample, noise, value, slope, curvature } = series(algorithm, form, h, next, levels[0] as NoiseLevel)
  if (lambda1 === undefined) return { sample, noise, predictions: [value] }
  // Derivatives by differences of the predictions, over their distances in units of h.
  const r0 = (lambda0 - lambda1) / h
  if (lambda2 === undefined) return { sample, noise, predictions: [value + slope / r0, -slope / r0] }
  const r1 = (lambda1 - lambda2) / h
  const bend = (slope * r0 + curvature) / (r0 + r1)
  const newer = (slope + bend) / r0
  const older = bend / r1
  return { sample, noise, predictions: [value + newer, -newer - older, older] }
}

/**
 * The step to `next` from the oldest of `levels`, with predictions at points in between.
 *
 * @param levels the noise levels of the predictions, the newest first, that of the sample last; as many as the order
 */
export function dpmSinglestepFactors(
  algorithm: DPMAlgorithm,
  solverType: DPMSolverType,
  next: NoiseLevel,
  levels: readonly NoiseLevel[],
): StepFactors {
  const start = levels.at(-1) as NoiseLevel
  const lambda = halfLogSnr(start)
  const h = halfLogSnr(next) - lambda
  if (levels.length === 1) return dpmSolverFactors(algorithm, solverType, next, levels)
  const form = levels.length === 2 ? solverType : 'heun'
  const { sample, noise, value, slope, curvature } = series(algorithm, form, h, next, start)
  // Where the newer predictions are, in units of h from the oldest.
  const [r0, r1] = levels.slice(0, -1).map(level => (halfLogSnr(level) - lambda) / h) as [number, number?]
  if (r1 === undefined || solverType === 'midpoint') {
    const between = levels.slice(1, -1).map(() => 0)
    return { sample, noise, predictions: [slope / r0, ...between, value - slope / r0] }
  }
  const newer = (2 * curvature - r1 * slope) / (r0 * (r0 - r1))
  const older = (r0 * slope - 2 * curvature) / (r1 * (r0 - r1))
  return { sample, noise, predictions: [newer, older, value - newer - older] }
}

function series(algorithm: DPMAlgorithm, form: DPMSolverType, h: number, next: NoiseLevel, level: NoiseLevel): Series {
  const { alpha, sigma } = next
  const midpoint = form === 'midpoint'
  switch (algorithm) {
    case 'dpmsolver++': {
      const phi = Math.expm1(-h)
      return {
        sample: sigma / level.sigma,
        value: -alpha * phi,
        slope: alpha * (midpoint ? -0.5 * phi : phi / h + 1),
        curvature: -alpha * ((phi + h) / h ** 2 - 0.5),
        noise: 0,
      }
    }
    case 'dpmsolver': {
      const phi = Math.expm1(h)
      return {
        sample: alpha / level.alpha,
        value: -sigma * phi,
        slope: -sigma * (midpoint ? 0.5 * phi : phi / h - 1),
        curvature: -sigma * ((phi - h) / h ** 2 - 0.5),
        noise: 0,
      }
    }
    case 'sde-dpmsolver++': {
      const phi = -Math.expm1(-2 * h)
      return {
        sample: (sigma / level.sigma) * Math.exp(-h),
        value: alpha * phi,
        slope: alpha * (midpoint ? 0.5 * phi : 1 - phi / (2 * h)),
        curvature: alpha * ((phi - 2 * h) / (2 * h) ** 2 - 0.5),
        noise: sigma * Math.sqrt(Math.max(phi, 0)),
      }
    }
    case 'sde-dpmsolver': {
      const phi = Math.expm1(h)
      return {
        sample: alpha / level.alpha,
        value: -2 * sigma * phi,
        slope: -sigma * (midpoint ? phi : 2 * (phi / h - 1)),
        // The third order of this algorithm is not known.
        curvature: Number.NaN,
        noise: sigma * Math.sqrt(Math.max(Math.expm1(2 * h), 0)),
      }
    }
  }
}
