/** The workflows of the automatic blocks by name, in the reference's order. Source: _workflow_map of StableDiffusionXLAutoBlocks. */

/** The workflows of Stable Diffusion. */
export const STABLE_DIFFUSION_WORKFLOWS = [
  'text2image',
  'image2image',
  'inpainting',
  'controlnetText2image',
  'controlnetImage2image',
  'controlnetInpainting',
  'ipAdapterText2image',
  'ipAdapterImage2image',
  'ipAdapterInpainting',
  'ipAdapterControlnetText2image',
  'ipAdapterControlnetImage2image',
  'ipAdapterControlnetInpainting',
]

/** The workflows of Stable Diffusion XL, which also has union ControlNets. */
export const STABLE_DIFFUSION_XL_WORKFLOWS = [
  ...STABLE_DIFFUSION_WORKFLOWS,
  'controlnetUnionText2image',
  'controlnetUnionImage2image',
  'controlnetUnionInpainting',
  'ipAdapterControlnetUnionText2image',
  'ipAdapterControlnetUnionImage2image',
  'ipAdapterControlnetUnionInpainting',
]
