/** Settings that the forms of DPM-Solver share. */
import { z } from 'zod'
import { type DPMAlgorithm, type DPMSolverType, dpmAlgorithms } from './dpm-solver-factors'
import { refuseFlowPrediction, type SolverConfig, solverSettings } from './exponential-solver-settings'

/** What all of them have. Check with {@link checkDPMSolver}. */
export const dpmSolverSettings = {
  ...solverSettings,
  /** 2 is advised with guidance, 3 without. */
  solverOrder: z.int().min(1).max(3).default(2),
  algorithmType: algorithmSetting(dpmAlgorithms),
  /** The names of DEIS and UniPC, of which a config may come, stand for midpoint. */
  solverType: z
    .enum(['midpoint', 'heun', 'logrho', 'bh1', 'bh2'])
    .transform(name => (name === 'heun' ? name : 'midpoint'))
    .default('midpoint'),
}

/** The values of these settings. */
export interface DPMSolverConfig extends SolverConfig {
  readonly solverOrder: number
  readonly algorithmType: DPMAlgorithm
  readonly solverType: DPMSolverType
}

/** A choice of algorithms. DEIS, of which a config may come, has a name of its own for what is here dpmsolver++. */
export function algorithmSetting(names: readonly DPMAlgorithm[]) {
  return z
    .enum([...names, 'deis'])
    .transform((name): DPMAlgorithm => (name === 'deis' ? 'dpmsolver++' : name))
    .default('dpmsolver++')
}

/** Whether an algorithm follows predictions of the noise; otherwise of the clean sample. */
export function followsNoise(algorithm: DPMAlgorithm): boolean {
  return !algorithm.endsWith('++')
}

/** Reports settings that the algorithm has no formula for. */
export function checkDPMSolver(
  config: z.output<z.ZodObject<typeof dpmSolverSettings>> & { finalSigmasType?: 'zero' | 'sigma_min' },
  problems: Parameters<typeof refuseFlowPrediction>[2],
): void {
  const { algorithmType, finalSigmasType, solverOrder } = config
  const problem = (key: keyof typeof config, message: string) =>
    problems.addIssue({ code: 'custom', path: [key], message })
  if (algorithmType === 'sde-dpmsolver' && solverOrder === 3) {
    problem('solverOrder', 'must be 1 or 2 with algorithm_type "sde-dpmsolver", but is 3')
  }
  if (!followsNoise(algorithmType)) return
  refuseFlowPrediction(config, `algorithm_type "${algorithmType}"`, problems)
  if (finalSigmasType === 'zero') {
    problem('finalSigmasType', `"zero" is not possible with algorithm_type "${algorithmType}"; use "sigma_min"`)
  }
}
