/** How the blocks of the family ask for a guider. */
import type { ComponentOptions } from '../../src'

/** Any guider; the pipeline makes a ClassifierFreeGuidance of Stable Diffusion's usual strength unless it is given another. */
export const guiderOptions: ComponentOptions = {
  config: { guidanceScale: 7.5 },
  description: 'Combines the predictions with and without the prompt.',
}
