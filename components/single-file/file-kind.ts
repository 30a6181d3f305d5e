/** What one file of weights holds, as its keys and shapes tell. */
import type { TensorInfo } from '../checkpoints/checkpoint'

/** The tensors of a file by name. */
export type FileTensors = ReadonlyMap<string, Pick<TensorInfo, 'dtype' | 'shape'>>

/** The families whose models are read from one file. */
export type SingleFileFamily =
  | 'stable-diffusion-1'
  | 'stable-diffusion-2'
  | 'stable-diffusion-xl'
  | 'stable-diffusion-xl-refiner'

/** The models of a file, by the name of their folder in the diffusers layout. */
export type SingleFileComponent = 'unet' | 'vae' | 'text_encoder' | 'text_encoder_2' | 'controlnet'

/** How the tensors of a model are named: by its original program, by OpenCLIP, or as in a folder. */
export type KeyLayout = 'original' | 'open-clip' | 'diffusers'

/** Where a model is in a file. */
export interface FilePart {
  readonly layout: KeyLayout
  /** What the keys of the model begin with, e.g. `model.diffusion_model.`; empty for a file of one model. */
  readonly prefix: string
}

/** A file that models are read from. */
export interface CheckpointKind {
  readonly kind: 'checkpoint'
  readonly family: SingleFileFamily
  /** Whether the UNet takes a mask and a masked picture beside the latents. */
  readonly isInpainting: boolean
  readonly parts: Readonly<Partial<Record<SingleFileComponent, FilePart>>>
}

/** A file that something else is to be done with. */
export interface OtherKind {
  readonly kind: 'other'
  /** What it holds, in words: `a LoRA`. */
  readonly label: string
  /** What to do with it instead of loading it as a model. */
  readonly advice: string
}

/** A file that nothing is known of. */
export interface UnknownKind {
  readonly kind: 'unknown'
  /** What some of its keys look like, the most alike first. */
  readonly resembles: readonly string[]
}

/** What a file holds. */
export type FileKind = CheckpointKind | OtherKind | UnknownKind

/** The families in words. */
export const FAMILY_LABELS: Readonly<Record<SingleFileFamily, string>> = {
  'stable-diffusion-1': 'Stable Diffusion 1',
  'stable-diffusion-2': 'Stable Diffusion 2',
  'stable-diffusion-xl': 'Stable Diffusion XL',
  'stable-diffusion-xl-refiner': 'Stable Diffusion XL refiner',
}

/** The models in words. */
export const PART_LABELS: Readonly<Record<SingleFileComponent, string>> = {
  unet: 'UNet',
  vae: 'VAE',
  text_encoder: 'text encoder',
  text_encoder_2: 'second text encoder',
  controlnet: 'ControlNet',
}

/** Names a kind in words, e.g. `Stable Diffusion XL`, `a VAE`, `a LoRA`. */
export function kindLabel(kind: FileKind): string {
  if (kind.kind === 'other') return kind.label
  if (kind.kind === 'unknown') return 'an unknown kind of file'
  const names = Object.keys(kind.parts) as SingleFileComponent[]
  const [only] = names
  if (names.length === 1 && only === 'vae') return 'a VAE'
  const family = `${FAMILY_LABELS[kind.family]}${kind.isInpainting ? ' inpainting' : ''}`
  return names.length === 1 && only ? `a ${PART_LABELS[only]} of ${family}` : family
}

/** The class of each model. */
export const singleFileClasses: Readonly<Record<SingleFileComponent, string>> = {
  unet: 'UNet2DConditionModel',
  vae: 'AutoencoderKL',
  text_encoder: 'CLIPTextModel',
  text_encoder_2: 'CLIPTextModelWithProjection',
  controlnet: 'ControlNetModel',
}
