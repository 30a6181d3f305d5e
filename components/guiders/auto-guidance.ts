/**
 * Moves the prediction away from that of a worse version of the model: the same one with outputs dropped. Source:
 * https://arxiv.org/abs/2406.02507; counterpart: guiders/auto_guidance.py
 */
import { z } from 'zod'
import { layerIndices, layerSkipConfig, layerSkipHooks, skipLayers } from '../models/hooks/layer-skip'
import type { ModuleHook } from '../models/hooks/module-hook'
import type { Module } from '../nn/module'
import { checkWindow } from './guidance-window'
import type { PredictionName } from './guider-batch'
import { checkOneOf, oneOrMore } from './perturbed-guidance'
import { TwoConditionGuidance, twoConditionSettings } from './two-condition-guidance'

const schema = z
  .object({
    ...twoConditionSettings,
    /** Blocks whose outputs are dropped, of the model's own stack (of a UNet, that in its middle); or `autoGuidanceConfig`. */
    autoGuidanceLayers: layerIndices.nullable().default(null),
    /** What to leave out of which blocks. */
    autoGuidanceConfig: oneOrMore(layerSkipConfig).nullable().default(null),
    /** Share of the outputs of `autoGuidanceLayers` that is dropped; 1 leaves the blocks out. */
    dropout: z.number().min(0).max(1).nullable().default(null),
  })
  .superRefine((config, context) => {
    checkWindow(config, context)
    checkOneOf(config, ['autoGuidanceLayers', 'autoGuidanceConfig'], context)
    if (config.autoGuidanceLayers !== null && config.dropout === null) {
      const message = 'is missing: auto_guidance_layers needs it'
      context.addIssue({ code: 'custom', path: ['dropout'], message })
    }
  })

/** Settings of {@link AutoGuidance}. */
export type AutoGuidanceConfig = z.output<typeof schema>

/** `base + guidanceScale · (cond − uncond)`, where `uncond` is predicted without the prompt and by the worse model. */
export class AutoGuidance extends TwoConditionGuidance<AutoGuidanceConfig> {
  static override readonly className: string = 'AutoGuidance'

  /** @throws ConfigError */
  constructor(config: z.input<typeof schema>, file?: string) {
    super(schema, config, file)
  }

  protected override hooksFor(pass: PredictionName, denoiser: Module): readonly ModuleHook[] {
    if (pass !== 'predUncond') return []
    const { autoGuidanceLayers: layers, autoGuidanceConfig, dropout } = this.config
    const configs = autoGuidanceConfig ?? [skipLayers(layers ?? [], { dropout: dropout ?? 1 })] // One of the two is given.
    return configs.flatMap(config => layerSkipHooks(denoiser, config, this.generator))
  }
}
