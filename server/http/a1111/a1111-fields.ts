/** Fields of AUTOMATIC1111's requests, and what is done with each. */
import type { JsonSchema } from '../../../src'
import { nearestName } from '../../../src/errors/nearest-name'
import type { FieldProblem } from '../problem'

/** The tasks. */
export type A1111Task = 'txt2img' | 'img2img'

const text = { type: ['string', 'null'] }
/** Names are compared with many others. */
const shortText = { ...text, maxLength: 100 }
const integer = { type: ['integer', 'null'] }
const number = { type: ['number', 'null'] }

/** Fields that are honoured. */
const HONOURED = {
  prompt: { ...text, description: 'What the picture should show.' },
  negative_prompt: { ...text, description: 'What the picture should not show.' },
  steps: { ...integer, description: "Number of denoising steps. Default: the pipeline's own." },
  cfg_scale: { ...number, description: "Strength of the guidance. Default: the pipeline's own." },
  width: { ...integer, description: "Width in pixels. Default: the model's own." },
  height: { ...integer, description: "Height in pixels. Default: the model's own." },
  seed: { ...integer, minimum: -1, maximum: Number.MAX_SAFE_INTEGER - 1000, description: '-1 draws one.' },
  sampler_name: { ...shortText, description: "Sampler, see `/sdapi/v1/samplers`. Default: the pipeline's own." },
  sampler_index: { ...shortText, description: 'The former name of `sampler_name`.' },
  scheduler: { ...shortText, description: "Schedule, see `/sdapi/v1/schedulers`. Default: the sampler's own." },
  batch_size: { ...integer, minimum: 1, description: 'Pictures of each batch.' },
  n_iter: { ...integer, minimum: 1, description: 'Batches. Picture i has the seed `seed + i`.' },
  send_images: { type: ['boolean', 'null'], description: 'Whether the answer holds the pictures. Default: true.' },
  override_settings: {
    type: ['object', 'null'],
    properties: {
      sd_model_checkpoint: { type: 'string', description: 'Name of the pipeline.' },
      k_sched_type: { type: 'string', maxLength: 100, description: 'The former name of `scheduler`.' },
      uni_pc_variant: { type: 'string', enum: ['bh1', 'bh2'], description: 'Of the sampler UniPC.' },
      uni_pc_order: { type: 'integer', minimum: 1, maximum: 3, description: 'Of the sampler UniPC.' },
      uni_pc_lower_order_final: { type: 'boolean', description: 'Of the sampler UniPC.' },
    },
    additionalProperties: false,
  },
}

/** Fields that are honoured if a picture is sent. */
const WITH_PICTURE = {
  init_images: { type: 'array', items: { type: 'string' }, minItems: 1, maxItems: 1, description: 'Base64.' },
  mask: { ...text, description: 'Base64; white is redrawn.' },
  denoising_strength: { ...number, minimum: 0, maximum: 1, description: 'How much to change. Default: 0.75.' },
  inpaint_full_res: {
    type: ['boolean', 'integer', 'null'],
    description: 'Draws the part around the mask in full size, and pastes it back.',
  },
  inpaint_full_res_padding: { ...integer, minimum: 0, description: 'Pixels around the mask. Default: 0.' },
  include_init_images: { type: ['boolean', 'null'], description: 'Whether the answer repeats the pictures.' },
}

/** Fields that are not honoured, with the values that ask for nothing. `null` always is one. */
const NEUTRAL: Readonly<Record<string, readonly unknown[]>> = {
  alwayson_scripts: [{}],
  disable_extra_networks: [false],
  enable_hr: [false],
  firstpass_image: [],
  firstphase_height: [0],
  firstphase_width: [0],
  infotext: [''],
  refiner_checkpoint: ['', 'None'],
  restore_faces: [false],
  s_churn: [0],
  s_min_uncond: [0],
  s_noise: [1],
  // There, 0 stands for no end.
  s_tmax: [0],
  s_tmin: [0],
  script_args: [[]],
  script_name: ['', 'None'],
  seed_resize_from_h: [-1, 0],
  seed_resize_from_w: [-1, 0],
  styles: [[]],
  subseed_strength: [0],
  tiling: [false],
}

const NEUTRAL_WITH_PICTURE: Readonly<Record<string, readonly unknown[]>> = {
  initial_noise_multiplier: [1],
  // 0 fills what is masked before it is noised, 1 keeps it.
  inpainting_fill: [1],
  inpainting_mask_invert: [0],
  latent_mask: [],
  mask_blur: [0],
  mask_blur_x: [0],
  mask_blur_y: [0],
  resize_mode: [0],
}

/** Defaults of AUTOMATIC1111 that ask for something which is not done. Clients that send all fields send them unchanged, so they are accepted. */
const DEFAULTS: Readonly<Record<string, unknown>> = {
  inpainting_fill: 0,
  mask_blur: 4,
  mask_blur_x: 4,
  mask_blur_y: 4,
}

/** Samplers that take `eta` as a setting: the noise of the others is that of `eta: 1`, or none. */
const TAKES_ETA = /^(?:ddim|tcd)/i

/** Fields without influence on the pictures, or only together with one that is refused. */
const WITHOUT_EFFECT = [
  'comments',
  'do_not_save_grid',
  'do_not_save_samples',
  'force_task_id',
  'override_settings_restore_afterwards',
  'refiner_switch_at',
  'save_images',
  'subseed',
]
const WITHOUT_EFFECT_ON_TEXT = [
  'denoising_strength',
  'hr_additional_modules',
  'hr_cfg',
  'hr_checkpoint_name',
  'hr_negative_prompt',
  'hr_prompt',
  'hr_resize_x',
  'hr_resize_y',
  'hr_sampler_name',
  'hr_scale',
  'hr_scheduler',
  'hr_second_pass_steps',
  'hr_upscaler',
]
/** `image_cfg_scale` is for models that edit pictures by instructions, which are not served. */
const WITHOUT_EFFECT_ON_PICTURES = ['image_cfg_scale', 'mask_round']

/** Schemas of the fields that are honoured, by task. Others are accepted with their defaults. */
export const a1111Schemas = {
  txt2img: schema(HONOURED, []),
  img2img: schema({ ...HONOURED, ...WITH_PICTURE }, ['init_images']),
}

/** What is wrong with the fields that are not honoured: an unknown name, or a value that would change the pictures. */
export function unsupportedFields(task: A1111Task, body: Readonly<Record<string, unknown>>): FieldProblem[] {
  const isPicture = task === 'img2img'
  const sampler = body['sampler_name'] ?? body['sampler_index']
  const eta = typeof sampler === 'string' && !TAKES_ETA.test(sampler) ? [1] : []
  const neutral: Readonly<Record<string, readonly unknown[]>> = {
    ...NEUTRAL,
    eta,
    ...(isPicture && NEUTRAL_WITH_PICTURE),
  }
  const free = [...WITHOUT_EFFECT, ...(isPicture ? WITHOUT_EFFECT_ON_PICTURES : WITHOUT_EFFECT_ON_TEXT)]
  const honoured = Object.keys(a1111Schemas[task].properties ?? {})
  const problems: FieldProblem[] = []
  for (const [name, value] of Object.entries(body)) {
    if (honoured.includes(name) || free.includes(name)) continue
    const short = name.slice(0, 100)
    const allowed = Object.hasOwn(neutral, name) ? neutral[name] : undefined
    if (allowed === undefined) {
      const nearest = nearestName(short, [...honoured, ...Object.keys(neutral)])
      const detail = `There is no such field.${nearest ? ` Did you mean "${nearest}"?` : ''}`
      problems.push({ pointer: `#/${short}`, detail })
      continue
    }
    const isDefault = Object.hasOwn(DEFAULTS, name) && DEFAULTS[name] === value
    if (value === null || isDefault || allowed.some(each => isSame(each, value))) continue
    const expected = [...allowed, null].map(each => JSON.stringify(each)).join(' or ')
    problems.push({ pointer: `#/${short}`, detail: `It is not supported. Leave it out, or send ${expected}.` })
  }
  return problems.slice(0, 10)
}

/** Empty lists and objects are the same if both are empty. */
function isSame(allowed: unknown, value: unknown): boolean {
  if (typeof allowed !== 'object' || allowed === null) return allowed === value
  const isEmpty = typeof value === 'object' && value !== null && Object.keys(value).length === 0
  return isEmpty && Array.isArray(allowed) === Array.isArray(value)
}

function schema(properties: object, required: string[]): JsonSchema {
  return { type: 'object', properties, required } as JsonSchema
}
