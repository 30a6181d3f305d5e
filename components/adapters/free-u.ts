/** Switches FreeU on and off for a pipeline. Counterpart: enable_freeu and disable_freeu of pipelines/pipeline_utils.py (StableDiffusionMixin) */
import { InputTypeError } from '../../src/errors/input-type-error'
import type { ModularPipeline } from '../../src/pipeline/modular-pipeline'
import { type FreeUConfig, freeUConfig, freeUHooks } from '../models/hooks/free-u'
import type { ModuleHook } from '../models/hooks/module-hook'
import { UNet2DConditionModel } from '../models/unet-2d-condition/unet-2d-condition-model'
import { adaptersOf } from './adapted-pipeline'
import type { AdaptedCall, AdapterSet } from './adapters'

/** The kind of set that FreeU is among a pipeline's adapters. */
const FREE_U = 'freeU'

/** FreeU with its settings. */
class FreeU implements AdapterSet {
  readonly weights = []

  constructor(private readonly settings: FreeUConfig) {}

  hooksFor({ component, model }: AdaptedCall): readonly ModuleHook[] {
    if (component !== 'unet' || !(model instanceof UNet2DConditionModel)) return []
    return freeUHooks(model, this.settings)
  }
}

/**
 * Makes the UNet of a pipeline weigh its backbone more than its skip connections, in runs that begin afterwards. This
 * gives more detail at no cost, and needs no weights. Other pipelines that share the UNet do not see it.
 *
 * ```ts
 * enableFreeU(pipe, { s1: 0.9, s2: 0.2, b1: 1.5, b2: 1.6 })
 * ```
 *
 * @param settings - `s1` and `s2`, below 1, scale the low frequencies of the skip connections at the first and the
 * second level. `b1` and `b2`, above 1, scale half of the backbone's channels.
 * @throws InputTypeError for numbers that are not above 0; ComponentTypeError for a pipeline without adapters
 */
export function enableFreeU(pipe: ModularPipeline, settings: FreeUConfig): void {
  const { data, error } = freeUConfig.safeParse(settings)
  if (data === undefined) {
    const [issue] = error.issues
    const expected = `${issue?.path.join('.') || 'it'}: ${issue?.message}`
    throw new InputTypeError({ path: [], input: 'settings', kind: 'argument', expected, value: settings })
  }
  adaptersOf(pipe).set(FREE_U, new FreeU(data))
}

/** Switches FreeU off, for the runs that begin afterwards. */
export function disableFreeU(pipe: ModularPipeline): void {
  adaptersOf(pipe).set(FREE_U, undefined)
}
