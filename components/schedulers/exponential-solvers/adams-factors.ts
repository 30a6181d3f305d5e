/**
 * The arithmetic of a step that follows the polynomial through several predictions exactly. Sources: https://arxiv.org/abs/2309.05019 (SA-Solver),
 * https://arxiv.org/abs/2204.13902 (DEIS, which is its form for predictions of the noise, without fresh noise)
 */
import { halfLogSnr, type NoiseLevel } from '../steps/prediction-type'
import { lagrangeIntegrals } from './lagrange-integrals'
import type { StepFactors } from './step-factors'

/** The step. */
export interface AdamsStep {
  /** Whether predictions are of the noise; otherwise of the clean sample. */
  readonly followsNoise: boolean
  /** How much fresh noise is added: 0 for none, 1 for as much as the diffusion's own. */
  readonly tau: number
  /** The level of the sample. */
  readonly from: NoiseLevel
  readonly to: NoiseLevel
  /** The levels of the predictions, the newest first. A predictor's newest is `from`, a corrector's is `to`. */
  readonly levels: readonly NoiseLevel[]
  /** With two predictions of the clean sample, a form that is better for few steps. */
  readonly fewSteps?: boolean
}

/** The factors of the step's tensors. */
export function adamsFactors({ followsNoise, tau, from, to, levels, fewSteps = false }: AdamsStep): StepFactors {
  const lambda = halfLogSnr(to)
  const h = lambda - halfLogSnr(from)
  // Where a schedule repeats its last sigma there is nothing to do.
  if (h === 0) return { sample: 1, predictions: levels.map(() => 0), noise: 0 }
  const rate = 1 + tau ** 2
  // Counted from the end of the step backwards, which keeps exponentials small.
  const nodes = levels.map(level => lambda - halfLogSnr(level))
  if (followsNoise) {
    return {
      sample: to.alpha / from.alpha,
      predictions: lagrangeIntegrals(1, h, nodes).map(weight => -rate * to.sigma * weight),
      noise: tau * to.sigma * Math.sqrt(Math.max(Math.expm1(2 * h), 0)),
    }
  }
  const weights = lagrangeIntegrals(-rate, h, nodes)
  const [newest, older] = nodes as [number, number?]
  const shift =
    fewSteps && older !== undefined && nodes.length === 2
      ? (h ** 2 / 2 - (h * rate + Math.expm1(-h * rate)) / rate ** 2) / (older - newest)
      : 0
  return {
    sample: Math.exp(-(tau ** 2) * h) * (to.sigma / from.sigma),
    predictions: [shift, -shift, 0, 0]
      .slice(0, levels.length)
      .map((extra, i) => rate * to.alpha * ((weights[i] as number) + extra)),
    noise: to.sigma * Math.sqrt(Math.max(-Math.expm1(-2 * tau ** 2 * h), 0)),
  }
}
