/** How the blocks of the family ask for a guider, and change it for a run. */
import type { BaseGuidance, RawConfig } from '../../components'
import type { ComponentOptions } from '../../src'

/** Stable Diffusion's usual strength of the guidance. */
export const DEFAULT_GUIDANCE_SCALE = 7.5

/** Any guider; the pipeline makes a ClassifierFreeGuidance of the usual strength unless it is given another. */
export const guiderOptions: ComponentOptions = {
  config: { guidanceScale: DEFAULT_GUIDANCE_SCALE },
  description: 'Combines the predictions with and without the prompt.',
}

/** A guider of the same class with other settings, enabled or not. */
export function guideWith(
  guider: BaseGuidance,
  changes: RawConfig,
  isEnabled = guider.getState().enabled,
): BaseGuidance {
  const changed = guider.new(changes)
  if (isEnabled) changed.enable()
  else changed.disable()
  return changed
}
