/** The nodes that Mellon offers for a pipeline, as far as its blocks have what they show. Counterpart: DEFAULT_NODE_SPECS of diffusers. */
import type { MellonNodeSpec } from './mellon-node'
import { MellonParam } from './mellon-param'

/** A node for each type; `null` for one that a pipeline need not have. */
export type MellonNodeTemplates = Readonly<Record<string, MellonNodeSpec | null>>

const of = (...keys: readonly string[]) => keys.map(key => MellonParam.template(key))
const doc = MellonParam.template('doc')

/** The nodes that `MellonPipelineConfig.fromBlocks()` makes without another `template`. */
export const DEFAULT_NODES: MellonNodeTemplates = {
  controlnet: null,
  denoise: {
    inputs: [
      MellonParam.template('embeddings', { display: 'input' }),
      ...of('width', 'height', 'seed', 'numInferenceSteps', 'numFrames', 'guidanceScale', 'strength'),
      ...of('imageLatentsWithStrength', 'imageLatents', 'firstFrameLatents', 'controlnetBundle'),
    ],
    modelInputs: of('unet', 'guider', 'scheduler'),
    outputs: [MellonParam.template('latents', { display: 'output' }), MellonParam.template('latentsPreview'), doc],
    requiredInputs: ['embeddings'],
    requiredModelInputs: ['unet', 'scheduler'],
    blockName: 'denoise',
  },
  vae_encoder: {
    inputs: of('image'),
    modelInputs: of('vae'),
    outputs: [MellonParam.template('imageLatents', { display: 'output' }), doc],
    requiredInputs: ['image'],
    requiredModelInputs: ['vae'],
    blockName: 'vae_encoder',
  },
  text_encoder: {
    inputs: of('prompt', 'negativePrompt'),
    modelInputs: of('textEncoders'),
    outputs: [MellonParam.template('embeddings'), doc],
    requiredInputs: ['prompt'],
    requiredModelInputs: ['text_encoders'],
    blockName: 'text_encoder',
  },
  decoder: {
    inputs: of('latents'),
    modelInputs: of('vae'),
    outputs: [...of('images', 'videos'), doc],
    requiredInputs: ['latents'],
    requiredModelInputs: ['vae'],
    blockName: 'decode',
  },
}
