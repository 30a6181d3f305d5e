/** From requests of AUTOMATIC1111's API to jobs. */
import { randomInt } from 'node:crypto'
import type { CatalogEntry } from '../catalog'
import { type FieldProblem, Problem } from '../problem'
import type { JobBody } from '../read-job-request'
import { makeValidator } from '../validate-inputs'
import { type A1111Task, a1111Schemas, unsupportedFields } from './a1111-fields'
import { type ChosenSampler, chooseSampler, type SamplerFields } from './a1111-samplers'

/** Fields of a request that are honoured. */
export interface A1111Fields extends Omit<SamplerFields, 'override_settings'> {
  readonly prompt?: string | null
  readonly negative_prompt?: string | null
  readonly steps?: number | null
  readonly cfg_scale?: number | null
  readonly width?: number | null
  readonly height?: number | null
  readonly seed?: number | null
  readonly batch_size?: number | null
  readonly n_iter?: number | null
  readonly send_images?: boolean | null
  readonly override_settings?: (SamplerFields['override_settings'] & { readonly sd_model_checkpoint?: string }) | null
  readonly init_images?: readonly string[]
  readonly mask?: string | null
  readonly denoising_strength?: number | null
  readonly inpaint_full_res?: boolean | number | null
  readonly inpaint_full_res_padding?: number | null
  readonly include_init_images?: boolean | null
}

/** Fields by the names of the inputs that they become. */
const FIELDS: Readonly<Record<string, keyof A1111Fields>> = {
  prompt: 'prompt',
  negativePrompt: 'negative_prompt',
  numInferenceSteps: 'steps',
  guidanceScale: 'cfg_scale',
  width: 'width',
  height: 'height',
  image: 'init_images',
  maskImage: 'mask',
  strength: 'denoising_strength',
  paddingMaskCrop: 'inpaint_full_res_padding',
}

/** Steps between two previews, as AUTOMATIC1111 makes them by default. */
const PREVIEW_EVERY = 10

/** What AUTOMATIC1111 takes for a strength that is left out. */
const STRENGTH = 0.75

const validators = { txt2img: makeValidator(a1111Schemas.txt2img), img2img: makeValidator(a1111Schemas.img2img) }

/** Checks the fields of a request, but for what depends on the pipeline. @throws Problem that names each field */
export function checkA1111Fields(task: A1111Task, body: unknown): A1111Fields {
  if (typeof body !== 'object' || body === null) {
    throw new Problem(400, 'invalid-json', 'The body must be a JSON object. Send it as application/json.')
  }
  refuse([...unsupportedFields(task, body as Readonly<Record<string, unknown>>), ...validators[task](body)])
  return body
}

/** How many pictures a request asks for. @throws Problem for more than the limit */
export function pictureCount({ batch_size: size, n_iter: batches }: A1111Fields, maxImages: number): number {
  const count = (size ?? 1) * (batches ?? 1)
  if (count <= maxImages) return count
  const detail = `${count} pictures are more than the limit of ${maxImages}.`
  throw fieldsProblem([{ pointer: (batches ?? 1) > 1 ? '#/n_iter' : '#/batch_size', detail }])
}

/** The seed of the first picture. */
export function firstSeed({ seed }: A1111Fields): number {
  return seed == null || seed === -1 ? randomInt(2 ** 32) : seed
}

/** The sampler of a request. @throws Problem for one that the pipeline does not have */
export function a1111Sampler(entry: CatalogEntry, fields: A1111Fields): ChosenSampler {
  const chosen = chooseSampler(entry, fields)
  if ('pointer' in chosen) throw fieldsProblem([chosen])
  return chosen
}

/** Makes the job of one picture. @throws Problem for a field that the pipeline does not support */
export function a1111Job(
  entry: CatalogEntry,
  task: A1111Task,
  fields: A1111Fields,
  { component }: ChosenSampler,
  seed: number,
): JobBody {
  const isPicture = task === 'img2img'
  const known = entry.schema.inputs.properties ?? {}
  // Clients that send all fields ask for it by default, also where there is no mask, or the pipeline cannot do it.
  const isCropped = Boolean(fields.inpaint_full_res && fields.mask) && Object.hasOwn(known, 'paddingMaskCrop')
  const inputs: Record<string, unknown> = {
    prompt: fields.prompt ?? '',
    negativePrompt: fields.negative_prompt || null,
    numInferenceSteps: fields.steps,
    guidanceScale: fields.cfg_scale,
    width: fields.width,
    height: fields.height,
    ...(isPicture && {
      image: fields.init_images?.[0],
      maskImage: fields.mask || null,
      strength: fields.denoising_strength ?? STRENGTH,
      paddingMaskCrop: isCropped ? (fields.inpaint_full_res_padding ?? 0) : null,
    }),
  }
  const sent = Object.fromEntries(Object.entries(inputs).filter(([, value]) => value != null))
  // A prompt that says nothing need not be supported.
  if (sent['prompt'] === '' && !Object.hasOwn(known, 'prompt')) delete sent['prompt']
  if (fields.denoising_strength == null && !Object.hasOwn(known, 'strength')) delete sent['strength']
  // Its clients write prompts for it.
  if (Object.hasOwn(known, 'promptSyntax')) sent['promptSyntax'] = 'a1111'
  refuse(
    Object.keys(sent)
      .filter(name => !Object.hasOwn(known, name))
      .map(name => ({
        pointer: `#/${FIELDS[name] ?? name}`,
        detail: `The pipeline "${entry.name}" does not support it.`,
      })),
  )
  const output = entry.outputs.includes('images') ? ['images'] : entry.outputs
  return {
    pipeline: entry.name,
    inputs: sent,
    output,
    seed,
    format: 'png',
    previewEvery: PREVIEW_EVERY,
    ...(component && { components: { scheduler: component } }),
  }
}

/** The same problem with the names of AUTOMATIC1111's fields. */
export function inA1111Words(problem: Problem): Problem {
  const { status, kind, detail, errors, headers } = problem
  if (errors === undefined) return problem
  const renamed = errors.map(error => {
    if (error.pointer.startsWith('#/components/scheduler')) return { ...error, pointer: '#/sampler_name' }
    const [, name = '', rest = ''] = /^#\/inputs\/([^/]+)(.*)$/.exec(error.pointer) ?? []
    return Object.hasOwn(FIELDS, name) ? { ...error, pointer: `#/${FIELDS[name]}${rest}` } : error
  })
  const words = renamed.map(each => `${each.pointer.replace(/^#\//, '')}: ${each.detail}`).join(' ')
  return new Problem(status, kind, words || detail, renamed, headers)
}

/** A problem with some fields. */
export function fieldsProblem(errors: readonly FieldProblem[]): Problem {
  return new Problem(422, 'invalid-input', 'The request is invalid.', errors)
}

function refuse(errors: readonly FieldProblem[]): void {
  if (errors.length > 0) throw fieldsProblem(errors)
}
