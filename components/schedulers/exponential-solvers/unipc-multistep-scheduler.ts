/**
 * UniPC, the unified predictor-corrector: each step is taken again with the prediction at its end, at no further cost. Source:
 * https://arxiv.org/abs/2302.04867; counterpart: schedulers/scheduling_unipc_multistep.py
 */
import { z } from 'zod'
import { shiftSigma, shiftSigmaBy, stretchToTerminal, timeShiftTypes } from '../noise-levels/flow-shift'
import { linspace } from '../noise-levels/number-sequences'
import type { SigmaRange } from '../noise-levels/sigma-schedules'
import { sigmaSettings, spacedSigmas } from '../noise-levels/sigma-settings'
import { betaSettings, spacingSettings } from '../scheduler-config'
import type { SetTimestepsOptions, TimestepsRequest } from '../timesteps-request'
import { endOfSpaced, type VisitedLevels } from './exponential-solver-scheduler'
import { checkSolver, dynamicShiftSettings, refuseFlowPrediction, solverSettings } from './exponential-solver-settings'
import { PredictorCorrectorScheduler } from './predictor-corrector-scheduler'
import type { StepFactors } from './step-factors'
import { type UniPCStep, uniCFactors, uniPCSolverTypes, uniPFactors } from './unipc-factors'

const sigmaLimit = z.number().positive().nullable().default(null)

const schema = z
  .object({
    ...solverSettings,
    ...spacingSettings('linspace'),
    ...dynamicShiftSettings,
    rescaleBetasZeroSnr: betaSettings.rescaleBetasZeroSnr,
    finalSigmasType: sigmaSettings.finalSigmasType,
    /** 2 is advised with guidance, 3 without. */
    solverOrder: z.int().min(1).default(2),
    /** Follow predictions of the clean sample; otherwise of the noise, without thresholding. */
    predictX0: z.boolean().default(true),
    /** `bh1` is advised without guidance for less than 10 steps. The names of DPM-Solver and DEIS, of which a config may come, stand for bh2. */
    solverType: z
      .enum([...uniPCSolverTypes, 'midpoint', 'heun', 'logrho'])
      .transform(name => (name === 'bh1' ? name : 'bh2'))
      .default('bh2'),
    /** At the end of a run, lower the order. */
    lowerOrderFinal: z.boolean().default(true),
    /** Steps, counted from 0, that are not taken again. */
    disableCorrector: z.array(z.int().min(0)).default([]),
    /** Another scheduler as predictor: not supported. */
    solverP: z.null().default(null),
    /** How `mu` shifts: `exponential` takes it for the logarithm of the shift, `linear` for the shift. */
    timeShiftType: z.enum(timeShiftTypes).default('exponential'),
    /** The ends of Karras, exponential and beta sigmas; by default those of the training. */
    sigmaMin: sigmaLimit,
    sigmaMax: sigmaLimit,
    /** The last sigma that a flow's schedule is stretched to; 0 stands for none. */
    shiftTerminal: z.number().min(0).lt(1).nullable().default(null),
  })
  .superRefine((config, context) => {
    // Karras sigmas can be converted to those of a flow.
    checkSolver(config, context, ['useExponentialSigmas', 'useBetaSigmas'])
    const { predictX0, finalSigmasType, shiftTerminal, useFlowSigmas } = config
    const problem = (key: keyof typeof config, message: string) =>
      context.addIssue({ code: 'custom', path: [key], message })
    if (shiftTerminal !== null && !useFlowSigmas) problem('shiftTerminal', 'is possible only if use_flow_sigmas is on')
    if (predictX0) return
    refuseFlowPrediction(config, 'predict_x0 off', context)
    if (finalSigmasType === 'zero')
      problem('finalSigmasType', '"zero" is not possible with predict_x0 off; use "sigma_min"')
  })

/** Settings of {@link UniPCMultistepScheduler}. */
export type UniPCMultistepConfig = z.output<typeof schema>

/** A flow's first sigma is kept this much below 1, where no signal would be left. */
const FROM_PURE_NOISE = 1e-6

/** Remembers the predictions of the last steps, and the last sample. */
export class UniPCMultistepScheduler extends PredictorCorrectorScheduler<UniPCMultistepConfig> {
  static override readonly className: string = 'UniPCMultistepScheduler'

  protected override readonly setTimestepsOptions = ['sigmas', 'mu'] as const

  /** @throws ConfigError */
  constructor(config: z.input<typeof schema> = {}, file?: string) {
    super(schema, config, file)
  }

  /**
   * Makes the schedule of a run. `mu` has an effect on a flow only, and must be given where `useDynamicShifting` is on.
   *
   * @param options `sigmas` are those of a flow, above 0 and not yet shifted; where the run ends is not among them
   * @throws SchedulerArgumentError
   */
  override setTimesteps(numInferenceSteps: number | undefined, options: SetTimestepsOptions = {}): void {
    const { sigmas } = options
    // Elsewhere the last sigma of the caller is where the run ends; here a setting decides that.
    super.setTimesteps(numInferenceSteps, sigmas === undefined ? options : { ...options, sigmas: [...sigmas, 0] })
  }

  protected override memory(): number {
    return this.config.solverOrder
  }

  protected override get followsNoise(): boolean {
    return !this.config.predictX0
  }

  protected override get thresholds(): boolean {
    return this.config.thresholding && this.config.predictX0
  }

  protected override endSigma(visited: VisitedLevels): number {
    return this.config.finalSigmasType === 'zero' ? 0 : endOfSpaced(visited, this.noise)
  }

  protected override spaceSigmas(request: TimestepsRequest): readonly number[] | undefined {
    const { useFlowSigmas, useKarrasSigmas, useDynamicShifting } = this.config
    const { numInferenceSteps, mu } = request
    const given = request.sigmas?.slice(0, -1)
    if (useDynamicShifting && mu === undefined) throw this.refuse('mu', 'must be given if useDynamicShifting is on')
    if (given !== undefined) this.checkSigmas(given)
    if (!useFlowSigmas) return spacedSigmas(this.config, this.sigmaRange, numInferenceSteps)
    if (!useKarrasSigmas) return this.flowSigmas(given, request)
    const ratios = spacedSigmas(this.config, this.rangeOf(given), numInferenceSteps)
    return ratios?.map(ratio => ratio / (ratio + 1))
  }

  protected override get sigmaRange(): SigmaRange {
    const { sigmaMax, sigmaMin } = super.sigmaRange
    return { sigmaMax: this.config.sigmaMax ?? sigmaMax, sigmaMin: this.config.sigmaMin ?? sigmaMin }
  }

  protected override predictorReach(index: number): number {
    const { solverOrder, lowerOrderFinal } = this.config
    // There is no second order where the noise ends.
    if (this.levelAt(index + 1).sigma === 0) return 1
    return lowerOrderFinal ? Math.min(solverOrder, this.timesteps.length - index) : solverOrder
  }

  protected override correctorReach(index: number): number {
    if (this.config.disableCorrector.includes(index - 1)) return 0
    return this.predictorReach(index - 1) + 1
  }

  protected override predictorFactors(index: number, count: number): StepFactors {
    return uniPFactors(this.uniPCStep(index, count))
  }

  protected override correctorFactors(index: number, count: number): StepFactors {
    return uniCFactors(this.uniPCStep(index - 1, count - 1))
  }

  private uniPCStep(index: number, count: number): UniPCStep {
    const { solverType } = this.config
    const levels = Array.from({ length: count }, (_, age) => this.levelAt(index - age))
    return { solverType, followsNoise: this.followsNoise, to: this.levelAt(index + 1), levels }
  }

  private checkSigmas(sigmas: readonly number[]): void {
    if (!this.config.useFlowSigmas) throw this.refuse('sigmas', 'can be given only if useFlowSigmas is on')
    if ((sigmas[0] as number) > 1) throw this.refuse('sigmas', `must be at most 1, but the first is ${sigmas[0]}`)
  }

  private flowSigmas(given: readonly number[] | undefined, { numInferenceSteps, mu }: TimestepsRequest): number[] {
    const { numTrainTimesteps, flowShift, useDynamicShifting, timeShiftType, shiftTerminal } = this.config
    const even = given ?? linspace(1, 1 / numTrainTimesteps, numInferenceSteps + 1).slice(0, -1)
    const shifted = even.map(sigma =>
      useDynamicShifting && mu !== undefined ? shiftSigmaBy(mu, timeShiftType, sigma) : shiftSigma(flowShift, sigma),
    )
    const [first = 1, ...others] = shiftTerminal ? stretchToTerminal(shifted, shiftTerminal) : shifted
    return [Math.abs(first - 1) < FROM_PURE_NOISE ? first - FROM_PURE_NOISE : first, ...others]
  }

  /** The ends of Karras sigmas, by the caller's sigmas if there are some. As in the reference these are taken backwards. */
  private rangeOf(given: readonly number[] | undefined): SigmaRange {
    if (given === undefined) return this.sigmaRange
    const { sigmaMax, sigmaMin } = this.config
    return { sigmaMax: sigmaMax ?? (given.at(-1) as number), sigmaMin: sigmaMin ?? (given[0] as number) }
  }
}
