/** The index that a folder with the components of a file would have. Counterpart: the published model_index.json of each family. */

import { join } from 'node:path'
import { ModelIndexError } from '../../src/errors/model-index-error'
import { readFileBytesSync } from '../../src/files/read-file'
import { parseJson } from '../../src/format/parse-json'
import { SETTINGS } from '../../src/format/text-limits'
import { findModelIndex } from '../../src/hub/repository-resolver'
import {
  registerSingleFileReader,
  type SingleFileIndex,
  type SingleFileSettings,
} from '../../src/storage/single-file-index'
import { guidanceWidth, type ModelFile, requireModels } from './component-config'
import { kindLabel, type SingleFileComponent, singleFileClasses } from './file-kind'
import { readSingleFile, stampOf } from './read-single-file'
import { schedulerConfig } from './scheduler-configs'
import { SingleFileError } from './single-file-error'
import { trainingFacts } from './training-facts'

type Entries = Record<string, unknown>

/** Parts of a pipeline that a file never holds, and that come with this package or with a config. */
const BESIDE: Readonly<Record<string, SingleFileComponent>> = {
  tokenizer: 'text_encoder',
  tokenizer_2: 'text_encoder_2',
  scheduler: 'unet',
}

const CLASSES: Readonly<Record<string, readonly [library: string, className: string]>> = {
  unet: ['diffusers', singleFileClasses.unet],
  vae: ['diffusers', singleFileClasses.vae],
  text_encoder: ['transformers', singleFileClasses.text_encoder],
  text_encoder_2: ['transformers', singleFileClasses.text_encoder_2],
  tokenizer: ['transformers', 'CLIPTokenizer'],
  tokenizer_2: ['transformers', 'CLIPTokenizer'],
}

/** Reads the components that a file stands for. @throws SingleFileError for a file without a UNet; what reading a header throws */
function readIndex(file: string, settings: SingleFileSettings): SingleFileIndex {
  const model = requireUNet(requireModels(readSingleFile(file)))
  const json = settings.config === undefined ? ownIndex(model, settings) : givenIndex(model, settings.config)
  return { json, stamp: `${stampOf(file)} ${JSON.stringify(json)}` }
}

registerSingleFileReader({ readIndex })

function requireUNet(model: ModelFile): ModelFile {
  const { kind, single } = model
  if (kind.parts.unet) return model
  const what = kindLabel(kind)
  const advice =
    kind.parts.vae && Object.keys(kind.parts).length === 1
      ? 'Load it with AutoencoderKL.fromSingleFile(), and put it into a pipeline: updateComponents({ vae }).'
      : kind.parts.controlnet
        ? 'Load it with ControlNetModel.fromSingleFile(), beside a model of its family.'
        : 'Pass a file that holds a whole model.'
  throw new SingleFileError(single.file, 'other-kind', `this is ${what}, and a pipeline needs a UNet. ${advice}`)
}

/** The index of a family. */
function ownIndex(model: ModelFile, { predictionType }: SingleFileSettings): Entries {
  const { single, kind } = model
  const { family, isInpainting } = kind
  const isConsistency = family === 'stable-diffusion-1' && guidanceWidth(single.tensors, kind) !== undefined
  const facts = trainingFacts(single, kind, predictionType)
  const scheduler = schedulerConfig({ ...facts, family, isInpainting, isConsistency })
  const entries = Object.entries(CLASSES).filter(([name]) => holdsComponent(model, name))
  return {
    _class_name: pipelineClass(model, isConsistency),
    ...Object.fromEntries(entries),
    scheduler: ['diffusers', scheduler['_class_name']],
    ...familySettings(model),
  }
}

/** Whether a file holds a component, or the model that it belongs to. */
function holdsComponent({ kind }: ModelFile, name: string): boolean {
  return kind.parts[BESIDE[name] ?? (name as SingleFileComponent)] !== undefined
}

function pipelineClass({ kind: { family, isInpainting } }: ModelFile, isConsistency: boolean): string {
  if (isConsistency) return 'LatentConsistencyModelPipeline'
  if (family === 'stable-diffusion-xl-refiner') return 'StableDiffusionXLImg2ImgPipeline'
  const name = family === 'stable-diffusion-xl' ? 'StableDiffusionXL' : 'StableDiffusion'
  return `${name}${isInpainting ? 'Inpaint' : ''}Pipeline`
}

function familySettings({ kind: { family } }: ModelFile): Entries {
  if (family === 'stable-diffusion-xl') return { force_zeros_for_empty_prompt: true }
  if (family === 'stable-diffusion-xl-refiner') {
    return { force_zeros_for_empty_prompt: false, requires_aesthetics_score: true }
  }
  return {}
}

/** The index of the folder that the caller names, with those of its components that the file holds. */
function givenIndex(model: ModelFile, config: string): Entries {
  const file = join(findModelIndex(config), 'model_index.json')
  let json: unknown
  try {
    json = parseJson(readFileBytesSync(file, SETTINGS.bytes).toString('utf8'), SETTINGS.values)
  } catch (cause) {
    throw new ModelIndexError(file, `cannot be read: ${(cause as Error).message}`, cause)
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw new ModelIndexError(file, 'must hold an object with an entry for each component.')
  }
  const isKept = ([name, value]: [string, unknown]) => !Array.isArray(value) || holdsComponent(model, name)
  return Object.fromEntries(Object.entries(json).filter(isKept))
}
