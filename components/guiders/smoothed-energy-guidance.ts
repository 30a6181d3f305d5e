/**
 * Moves the prediction away from that of a model whose attention is blurred. Source: https://arxiv.org/abs/2408.00760; counterpart:
 * guiders/smoothed_energy_guidance.py
 */
import { z } from 'zod'
import { layerIndices } from '../models/hooks/layer-skip'
import type { ModuleHook } from '../models/hooks/module-hook'
import { smoothedEnergyConfig, smoothedEnergyHooks } from '../models/hooks/smoothed-energy'
import type { Module } from '../nn/module'
import {
  checkPerturbation,
  oneOrMore,
  type Perturbation,
  PerturbedGuidance,
  windowStart,
  windowStop,
} from './perturbed-guidance'
import { twoConditionSettings } from './two-condition-guidance'

const schema = z
  .object({
    ...twoConditionSettings,
    /** How far to move away from the prediction with blurred attention; 0 changes nothing. */
    segGuidanceScale: z.number().default(2.8),
    /** Standard deviation of the blur, in tokens. */
    segBlurSigma: z.number().positive().default(9999999),
    /** A standard deviation above this is taken for infinite: every token asks for the mean. */
    segBlurThresholdInf: z.number().positive().default(9999),
    /** Fraction of the steps behind whose first one attention is blurred. */
    segGuidanceStart: windowStart.default(0),
    /** Fraction of the steps from which on attention is not blurred. */
    segGuidanceStop: windowStop.default(1),
    /** Blocks whose attention is blurred, of the model's own stack (of a UNet, that in its middle); or `segGuidanceConfig`. */
    segGuidanceLayers: layerIndices.nullable().default(null),
    /** Blocks of other stacks. */
    segGuidanceConfig: oneOrMore(smoothedEnergyConfig).nullable().default(null),
  })
  .superRefine((config, context) =>
    checkPerturbation(
      config,
      ['segGuidanceStart', 'segGuidanceStop'],
      ['segGuidanceLayers', 'segGuidanceConfig'],
      context,
    ),
  )

/** Settings of {@link SmoothedEnergyGuidance}. */
export type SmoothedEnergyGuidanceSettings = z.output<typeof schema>

/**
 * `base + guidanceScale · (cond − uncond) + segGuidanceScale · (cond − condSeg)`. The reference never blurs, for it does not count its
 * passes, and has the finite and the infinite blur the wrong way round; here both are as in the paper.
 */
export class SmoothedEnergyGuidance extends PerturbedGuidance<SmoothedEnergyGuidanceSettings> {
  static override readonly className: string = 'SmoothedEnergyGuidance'

  /** @throws ConfigError */
  constructor(config: z.input<typeof schema>, file?: string) {
    super(schema, config, file)
  }

  protected override get perturbation(): Perturbation {
    const { segGuidanceScale, segGuidanceStart, segGuidanceStop } = this.config
    return { scale: segGuidanceScale, start: segGuidanceStart, stop: segGuidanceStop, prediction: 'predCondSeg' }
  }

  protected override perturb(denoiser: Module): ModuleHook[] {
    const { segBlurSigma: sigma, segBlurThresholdInf: thresholdInf, segGuidanceLayers: layers } = this.config
    const stacks = this.config.segGuidanceConfig ?? [{ indices: layers ?? [], fqn: 'auto' }] // One of the two is given.
    return stacks.flatMap(config => smoothedEnergyHooks(denoiser, config, { sigma, thresholdInf }))
  }
}
