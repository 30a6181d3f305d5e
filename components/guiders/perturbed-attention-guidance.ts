/**
 * Moves the prediction away from that of a model whose tokens attend to themselves alone. Source: https://arxiv.org/abs/2403.17377;
 * counterpart: guiders/perturbed_attention_guidance.py
 */
import { z } from 'zod'
import { layerIndices, layerSkipConfig, layerSkipHooks, skipLayers } from '../models/hooks/layer-skip'
import type { ModuleHook } from '../models/hooks/module-hook'
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

/** What is always skipped: attention is kept, and looks at nothing but the token itself. */
const SCORES_ONLY = { skipAttention: false, skipAttentionScores: true, skipFf: false }

const schema = z
  .object({
    ...twoConditionSettings,
    /** How far to move away from the prediction with perturbed attention; 0 changes nothing. */
    perturbedGuidanceScale: z.number().default(2.8),
    /** Fraction of the steps behind whose first one attention is perturbed. */
    perturbedGuidanceStart: windowStart.default(0.01),
    /** Fraction of the steps from which on attention is not perturbed. */
    perturbedGuidanceStop: windowStop.default(0.2),
    /** Blocks whose attention is perturbed, of the model's own stack (of a UNet, that in its middle); or `perturbedGuidanceConfig`. */
    perturbedGuidanceLayers: layerIndices.nullable().default(null),
    /** Blocks of other stacks. Of what a config says to skip, attention scores alone are heeded. */
    perturbedGuidanceConfig: oneOrMore(layerSkipConfig).nullable().default(null),
  })
  .superRefine((config, context) =>
    checkPerturbation(
      config,
      ['perturbedGuidanceStart', 'perturbedGuidanceStop'],
      ['perturbedGuidanceLayers', 'perturbedGuidanceConfig'],
      context,
    ),
  )

/** Settings of {@link PerturbedAttentionGuidance}. */
export type PerturbedAttentionGuidanceConfig = z.output<typeof schema>

/** `base + guidanceScale · (cond − uncond) + perturbedGuidanceScale · (cond − condSkip)`. */
export class PerturbedAttentionGuidance extends PerturbedGuidance<PerturbedAttentionGuidanceConfig> {
  static override readonly className: string = 'PerturbedAttentionGuidance'

  /** @throws ConfigError */
  constructor(config: z.input<typeof schema>, file?: string) {
    super(schema, config, file)
  }

  protected override get perturbation(): Perturbation {
    const { perturbedGuidanceScale, perturbedGuidanceStart, perturbedGuidanceStop } = this.config
    return {
      scale: perturbedGuidanceScale,
      start: perturbedGuidanceStart,
      stop: perturbedGuidanceStop,
      prediction: 'predCondSkip',
    }
  }

  protected override perturb(denoiser: Module): ModuleHook[] {
    const { perturbedGuidanceLayers: layers, perturbedGuidanceConfig } = this.config
    const stacks = perturbedGuidanceConfig ?? [{ indices: layers ?? [], fqn: 'auto' }] // One of the two is given.
    return stacks.flatMap(({ indices, fqn }) =>
      layerSkipHooks(denoiser, skipLayers(indices, { fqn, ...SCORES_ONLY }), this.generator),
    )
  }
}
