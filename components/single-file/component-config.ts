/** The settings of the components of a file: those of its family, or those that the caller names. */

import { emitWarningOnce } from '../../src/errors/emit-warning'
import { pathOf } from '../../src/files/path-of'
import { toSnakeCase } from '../../src/format/wire-names'
import { resolveSingleFile } from '../../src/hub/single-file-source'
import type { FromSingleFileOptions } from '../../src/params/component-class'
import { fetchConfig } from '../configs/fetch-config'
import type { RawConfig } from '../configs/parse-config'
import { familyConfigs } from './family-configs'
import {
  type CheckpointKind,
  FAMILY_LABELS,
  type FilePart,
  type FileTensors,
  kindLabel,
  PART_LABELS,
  type SingleFileComponent,
} from './file-kind'
import { readSingleFile, type SingleFile } from './read-single-file'
import { schedulerConfig } from './scheduler-configs'
import { SingleFileError } from './single-file-error'
import { trainingFacts } from './training-facts'

/** A file of models. */
export interface ModelFile {
  readonly single: SingleFile
  readonly kind: CheckpointKind
}

/** Settings, and where they come from, for errors. */
export interface NamedConfig {
  readonly config: RawConfig
  readonly file: string
}

/** Width of the guidance that a UNet takes as an input. */
const GUIDANCE_KEY = 'time_embed.cond_proj.weight'

/**
 * Reads the header of a file, which is fetched first if it is in a repository, and makes sure that it holds models.
 *
 * @throws SingleFileError for a file of another kind; MissingFileError, PickleCheckpointError, SafetensorsError; what fetching throws
 */
export async function openModelFile(path: string | URL, options: FromSingleFileOptions): Promise<ModelFile> {
  return requireModels(readSingleFile(await resolveSingleFile(path, options)))
}

/** Makes sure that a file holds models. @throws SingleFileError */
export function requireModels(single: SingleFile): ModelFile {
  const { kind, file, tensors } = single
  if (kind.kind === 'checkpoint') return { single, kind }
  if (kind.kind === 'other') {
    const advice = kind.advice
    throw new SingleFileError(file, 'other-kind', `this is ${kind.label}, not a model that can be loaded. ${advice}`)
  }
  const keys = [...tensors.keys()].slice(0, 10)
  const alike =
    kind.resembles.length === 0
      ? 'It resembles none of the kinds that are known.'
      : `It resembles ${kind.resembles.join('; ')}.`
  const detail = `the kind of this file was not recognised. ${alike} The first of its ${tensors.size} tensors are ${keys.join(', ')}.`
  throw new SingleFileError(file, 'unknown', detail)
}

/** Finds a model in a file. @throws SingleFileError if it is not there */
export function requirePart({ single, kind }: ModelFile, component: SingleFileComponent): FilePart {
  const part = kind.parts[component]
  if (part) return part
  const held = Object.keys(kind.parts).map(name => PART_LABELS[name as SingleFileComponent])
  const detail = `it holds no ${PART_LABELS[component]}. It was recognised as ${kindLabel(kind)}, and holds: ${held.join(', ')}.`
  throw new SingleFileError(single.file, 'missing-component', detail)
}

/**
 * Returns the settings of a model.
 *
 * @param options `subfolder` names the folder in `config`; by default that of the component
 * @throws MissingFileError, InvalidConfigError for a config that cannot be read; what fetching throws
 */
export async function modelConfig(
  model: ModelFile,
  component: SingleFileComponent,
  options: FromSingleFileOptions,
): Promise<NamedConfig> {
  const { single, kind } = model
  const { config, predictionType } = options
  if (typeof config === 'string' || config instanceof URL) {
    return fetchConfig(pathOf(config, 'config'), 'config.json', {
      ...options,
      subfolder: options.subfolder ?? component,
    })
  }
  const changes = Object.fromEntries(Object.entries(config ?? {}).map(([key, value]) => [toSnakeCase(key), value]))
  const { family } = kind
  const ofFamily = familyConfigs[family][component]
  if (ofFamily === undefined) {
    const detail = `there are no settings for a ${PART_LABELS[component]} of ${FAMILY_LABELS[family]}. Pass { config: FOLDER }.`
    throw new SingleFileError(single.file, 'other-sizes', detail)
  }
  return {
    file: single.file,
    config: { ...ofFamily, ...traitsOf(model, component, predictionType, changes), ...changes },
  }
}

/** Settings that the file itself tells. */
function traitsOf(
  model: ModelFile,
  component: SingleFileComponent,
  predictionType: FromSingleFileOptions['predictionType'],
  changes: RawConfig,
): RawConfig {
  const { single, kind } = model
  if (component === 'unet') {
    const { predictionType: predicts } = trainingFacts(single, kind, predictionType)
    const guidance = guidanceWidth(single.tensors, kind)
    return {
      ...(kind.isInpainting && { in_channels: 9 }),
      ...(guidance !== undefined && { time_cond_proj_dim: guidance }),
      // Stable Diffusion 2 base, which predicts noise, was trained at 512 pixels.
      ...(kind.family === 'stable-diffusion-2' && predicts === 'epsilon' && { sample_size: 64 }),
    }
  }
  if (component === 'vae' && Object.keys(kind.parts).length === 1) return vaeTraits(single, changes)
  return {}
}

/** A VAE alone does not tell by what its latents are scaled. */
function vaeTraits({ file, metadata }: SingleFile, changes: RawConfig): RawConfig {
  if (changes['scaling_factor'] !== undefined) return {}
  if (metadata.get('modelspec.architecture')?.startsWith('stable-diffusion-xl')) {
    const { scaling_factor, sample_size } = familyConfigs['stable-diffusion-xl'].vae ?? {}
    return { scaling_factor, sample_size }
  }
  const message =
    `${file}: a VAE in a separate file does not state the scale of its latents. scalingFactor 0.18215, the value of Stable Diffusion 1 and 2, was assumed. ` +
    'For Stable Diffusion XL, pass { config: { scalingFactor: 0.13025 } } to fromSingleFile().'
  emitWarningOnce('GUESSED_SETTING', message)
  return {}
}

/** Width of the guidance that the UNet of a file takes as an input; `undefined` if it takes none. */
export function guidanceWidth(tensors: FileTensors, { parts: { unet } }: CheckpointKind): number | undefined {
  return unet && tensors.get(unet.prefix + GUIDANCE_KEY)?.shape[1]
}

/**
 * Returns the settings of the scheduler of a file.
 *
 * @throws what {@link openModelFile} and {@link modelConfig} throw
 */
export async function singleFileScheduler(path: string | URL, options: FromSingleFileOptions): Promise<NamedConfig> {
  const { single, kind } = await openModelFile(path, options)
  const { config, predictionType } = options
  if (typeof config === 'string' || config instanceof URL) {
    const place = { ...options, subfolder: options.subfolder ?? 'scheduler' }
    const found = await fetchConfig(pathOf(config, 'config'), 'scheduler_config.json', place)
    return predictionType === undefined
      ? found
      : { ...found, config: { ...found.config, prediction_type: predictionType } }
  }
  const facts = trainingFacts(single, kind, predictionType)
  const isConsistency = kind.family === 'stable-diffusion-1' && guidanceWidth(single.tensors, kind) !== undefined
  const { family, isInpainting } = kind
  return { file: single.file, config: schedulerConfig({ ...facts, family, isInpainting, isConsistency }) }
}
