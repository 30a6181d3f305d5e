/**
 * Moves the prediction away from that of a model with layers left out. Sources: https://github.com/Stability-AI/sd3.5 (skip layer
 * guidance), https://arxiv.org/abs/2411.18664 (spatiotemporal skip guidance); counterpart: guiders/skip_layer_guidance.py
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

const schema = z
  .object({
    ...twoConditionSettings,
    /** How far to move away from the prediction with layers left out; 0 changes nothing. */
    skipLayerGuidanceScale: z.number().default(2.8),
    /** Fraction of the steps behind whose first one layers are left out. */
    skipLayerGuidanceStart: windowStart.default(0.01),
    /** Fraction of the steps from which on no layers are left out. */
    skipLayerGuidanceStop: windowStop.default(0.2),
    /** Blocks to leave out, of the model's own stack (of a UNet, that in its middle); or `skipLayerConfig`. */
    skipLayerGuidanceLayers: layerIndices.nullable().default(null),
    /** What to leave out of which blocks. */
    skipLayerConfig: oneOrMore(layerSkipConfig).nullable().default(null),
  })
  .superRefine((config, context) =>
    checkPerturbation(
      config,
      ['skipLayerGuidanceStart', 'skipLayerGuidanceStop'],
      ['skipLayerGuidanceLayers', 'skipLayerConfig'],
      context,
    ),
  )

/** Settings of {@link SkipLayerGuidance}. */
export type SkipLayerGuidanceConfig = z.output<typeof schema>

/** `base + guidanceScale · (cond − uncond) + skipLayerGuidanceScale · (cond − condSkip)`. */
export class SkipLayerGuidance extends PerturbedGuidance<SkipLayerGuidanceConfig> {
  static override readonly className: string = 'SkipLayerGuidance'

  /** @throws ConfigError */
  constructor(config: z.input<typeof schema>, file?: string) {
    super(schema, config, file)
  }

  protected override get perturbation(): Perturbation {
    const { skipLayerGuidanceScale, skipLayerGuidanceStart, skipLayerGuidanceStop } = this.config
    return {
      scale: skipLayerGuidanceScale,
      start: skipLayerGuidanceStart,
      stop: skipLayerGuidanceStop,
      prediction: 'predCondSkip',
    }
  }

  protected override perturb(denoiser: Module): ModuleHook[] {
    const { skipLayerGuidanceLayers: layers, skipLayerConfig } = this.config
    const configs = skipLayerConfig ?? [skipLayers(layers ?? [])] // One of the two is given.
    return configs.flatMap(config => layerSkipHooks(denoiser, config, this.generator))
  }
}
