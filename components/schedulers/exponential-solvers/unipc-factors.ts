/** The arithmetic of UniPC's steps. Source: https://arxiv.org/abs/2302.04867, algorithms 5 to 8 */
import { halfLogSnr, type NoiseLevel } from '../steps/prediction-type'
import { solveLinearSystem } from './linear-system'
import type { StepFactors } from './step-factors'

/** The forms of the paper's function B(h): h itself, or `exp(h) − 1`. */
export const uniPCSolverTypes = ['bh1', 'bh2'] as const

/** A form of B(h). */
export type UniPCSolverType = (typeof uniPCSolverTypes)[number]

/** What the factors depend on. */
export interface UniPCStep {
  readonly solverType: UniPCSolverType
  /** Whether predictions are of the noise; otherwise of the clean sample. */
  readonly followsNoise: boolean
  /** The level that the step leads to. */
  readonly to: NoiseLevel
  /** The levels of earlier predictions, the newest (that of the sample) first; as many as the order. */
  readonly levels: readonly NoiseLevel[]
}

/** UniP: the step to a level that the network has not been asked at. */
export function uniPFactors(step: UniPCStep): StepFactors {
  const { sample, scale, phi, ratios, system, isStill } = prepare(step)
  if (isStill) return still(step.levels.length)
  const order = step.levels.length
  if (order === 1) return { sample, predictions: [-scale * phi], noise: 0 }
  const { matrix, right, b } = system()
  const inner = matrix.slice(0, -1).map(row => row.slice(0, -1))
  // The second order has a simple form, which is as exact.
  const rhos = order === 2 ? [0.5] : solveLinearSystem(inner, right.slice(0, -1))
  const older = rhos.map((rho, i) => (-scale * b * rho) / (ratios[i] as number))
  return { sample, predictions: [older.reduce((sum, factor) => sum - factor, -scale * phi), ...older], noise: 0 }
}

/** UniC: the same step once more, with the prediction at its end. That one's factor comes first. */
export function uniCFactors(step: UniPCStep): StepFactors {
  const { sample, scale, phi, ratios, system, isStill } = prepare(step)
  if (isStill) return still(step.levels.length + 1)
  const { matrix, right, b } = system()
  const rhos = step.levels.length === 1 ? [0.5] : solveLinearSystem(matrix, right)
  const factors = rhos.map((rho, i) => (-scale * b * rho) / (ratios[i] ?? 1))
  const newest = factors.at(-1) as number
  const rest = factors.reduce((sum, factor) => sum - factor, -scale * phi)
  return { sample, predictions: [newest, rest, ...factors.slice(0, -1)], noise: 0 }
}

/** A step between equal levels. */
function still(count: number): StepFactors {
  return { sample: 1, predictions: new Array(count).fill(0), noise: 0 }
}

function prepare({ solverType, followsNoise, to, levels }: UniPCStep) {
  const from = levels[0] as NoiseLevel
  const lambda = halfLogSnr(from)
  const h = halfLogSnr(to) - lambda
  const exponent = followsNoise ? h : -h
  const phi = Math.expm1(exponent)
  /** Where the older predictions are, in units of h. */
  const ratios = levels.slice(1).map(level => (halfLogSnr(level) - lambda) / h)
  return {
    isStill: h === 0,
    sample: followsNoise ? to.alpha / from.alpha : to.sigma / from.sigma,
    scale: followsNoise ? to.sigma : to.alpha,
    phi,
    ratios,
    /** The equations for the weights of the differences of predictions. */
    system: () => {
      const b = solverType === 'bh1' ? exponent : phi
      const points = [...ratios, 1]
      const right: number[] = []
      let factorial = 1
      let term = phi / exponent - 1
      for (const [power] of points.entries()) {
        right.push((term * factorial) / b)
        factorial *= power + 2
        term = term / exponent - 1 / factorial
      }
      return { matrix: points.map((_, power) => points.map(point => point ** power)), right, b }
    },
  }
}
