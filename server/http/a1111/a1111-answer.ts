/** Answers in the form of AUTOMATIC1111's API. */
import type { CatalogEntry } from '../catalog'
import type { JobPicture } from '../run-job'
import type { A1111Fields } from './a1111-request'
import type { ChosenSampler } from './a1111-samplers'
import type { A1111Run } from './a1111-sessions'

/** A picture with its seed. */
export interface SeededPicture extends JobPicture {
  readonly seed: number
}

/** The answer to `txt2img` and `img2img`. `info` is JSON in a text, as there. */
export function a1111Answer(
  entry: CatalogEntry,
  fields: A1111Fields,
  chosen: ChosenSampler,
  pictures: readonly SeededPicture[],
  seed: number,
) {
  const { init_images, mask, ...others } = fields
  const repeated = fields.include_init_images ? { init_images, mask } : {}
  return {
    images: fields.send_images === false ? [] : pictures.map(({ bytes }) => bytes.toString('base64')),
    parameters: { ...others, ...repeated },
    info: JSON.stringify(infoOf(entry, fields, chosen, pictures, seed)),
  }
}

function infoOf(
  { name }: CatalogEntry,
  fields: A1111Fields,
  chosen: ChosenSampler,
  pictures: readonly SeededPicture[],
  seed: number,
) {
  const { prompt, negative_prompt: negative, steps, cfg_scale: scale, denoising_strength: strength } = fields
  const each = (text: string | null | undefined) => pictures.map(() => text ?? '')
  const [first] = pictures
  return {
    prompt: prompt ?? '',
    all_prompts: each(prompt),
    negative_prompt: negative ?? '',
    all_negative_prompts: each(negative),
    seed,
    all_seeds: pictures.map(picture => picture.seed),
    width: first?.width ?? fields.width ?? null,
    height: first?.height ?? fields.height ?? null,
    sampler_name: chosen.sampler ?? null,
    cfg_scale: scale ?? null,
    steps: steps ?? null,
    batch_size: fields.batch_size ?? 1,
    denoising_strength: strength ?? null,
    sd_model_name: name,
    index_of_first_image: 0,
    infotexts: pictures.map(picture => infoText(name, chosen, fields, picture)),
  }
}

function infoText(model: string, chosen: ChosenSampler, fields: A1111Fields, picture: SeededPicture): string {
  const settings = {
    Steps: fields.steps,
    Sampler: chosen.sampler,
    'Schedule type': chosen.schedule,
    'CFG scale': fields.cfg_scale,
    Seed: picture.seed,
    Size: `${picture.width}x${picture.height}`,
    Model: model,
    'Denoising strength': fields.init_images && fields.denoising_strength,
  }
  const told = Object.entries(settings).filter(([, value]) => value != null)
  const negative = fields.negative_prompt ? [`Negative prompt: ${fields.negative_prompt}`] : []
  return [fields.prompt ?? '', ...negative, told.map(([name, value]) => `${name}: ${value}`).join(', ')].join('\n')
}

/** The answer to `progress`: of the oldest request that runs, with its latest preview as base64. */
export function a1111Progress(run: A1111Run | undefined, step: number, steps: number, preview: string | null) {
  const share = steps > 0 ? Math.min(step / steps, 1) : 0
  const progress = run === undefined ? 0 : Math.min((run.done + share) / run.count, 1)
  const passed = run === undefined ? 0 : (Date.now() - run.startedAt) / 1000
  return {
    progress,
    eta_relative: progress > 0 ? passed / progress - passed : 0,
    state: {
      skipped: false,
      interrupted: run?.isInterrupted ?? false,
      stopping_generation: false,
      job: run?.job ?? '',
      job_count: run?.count ?? 0,
      job_timestamp: run === undefined ? '0' : timestamp(run.startedAt),
      job_no: run?.done ?? 0,
      sampling_step: step,
      sampling_steps: steps,
    },
    current_image: preview,
    textinfo: null,
  }
}

/** The time as AUTOMATIC1111 writes it: `20260131123059`. */
function timestamp(time: number): string {
  return new Date(time).toISOString().slice(0, 19).replaceAll(/\D/g, '')
}
