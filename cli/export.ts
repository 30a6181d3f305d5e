/** `tesserae export`: a component of a model as an .onnx file. */

import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { absolutePath } from '../src/files/absolute-path'
import '../components/component-classes'
import { type ExportOptions, exportOnnx } from '../components/backends/onnx/export-onnx'
import { readConfig } from '../components/configs/read-config'
import { GraphExecutor } from '../components/executors/graph/graph-executor'
import { MissingFileError } from '../components/files/missing-file-error'
import type { CallSize, MapSize } from '../components/models/call-size'
import { PretrainedModel } from '../components/models/pretrained-model'
import { modelConfig, openModelFile } from '../components/single-file/component-config'
import { type SingleFileComponent, singleFileClasses } from '../components/single-file/file-kind'
import { ComponentSpec, UnknownValueError } from '../src'
import { printableName } from '../src/errors/printable'
import { classNameOf } from '../src/format/class-name'
import { isSingleFile } from '../src/hub/single-file-source'
import type { FromSingleFileOptions } from '../src/params/component-class'
import { findComponentClass } from '../src/params/component-classes'
import { detectComponentClass } from '../src/storage/detect-component-class'
import type { Size } from './arguments'
import { singleFileSettings } from './load-model'
import { UnfitOptionError } from './unfit-option-error'

/** Options of the command, as commander gives them. */
export interface ExportCommandOptions {
  /** By the names that diffusers gives its own ONNX models: that of the folder, and where the model has several functions, that of the function. */
  component: string
  out: string
  batch: number
  tokens?: number
  size?: Size
  /** Folder or repository whose configs a single file takes. */
  config?: string
  json?: boolean
}

/**
 * Writes a component, and says where.
 *
 * @throws UnknownValueError for a component that the model does not have; UnfitOptionError for a size that it does not read, and for a config of a folder; MissingFileError for no such
 * folder; what loading and writing throw
 */
export async function exportComponent(
  folder: string,
  { component, out, batch, tokens, size, config, json }: ExportCommandOptions,
): Promise<void> {
  const settings = singleFileSettings({ model: folder, ...(config !== undefined && { config }) })
  const models = isSingleFile(folder) ? await modelsOfFile(folder, settings) : await modelsOfFolder(folder)
  const { name, functionName, className } = findComponent(folder, models, component)
  const spec = new ComponentSpec({ name, pretrainedModelNameOrPath: folder, subfolder: name, className })
  // The executor leaves the weights in their files, from where they are copied.
  const model = (await spec.load({ executor: new GraphExecutor(), ...settings })) as PretrainedModel // Its class was looked at.
  try {
    const { forward, shapes } = model.functions[functionName] as PretrainedModel['functions'][string]
    const latents = size && latentSizeByVae(models.get('vae'), size)
    const widths = pooledTextWidth(models.get('text_encoder_2'))
    const read = new Set<string>()
    const inputs = shapes(noteReads({ batch, tokens, pictures: size, latents, widths }, read))
    if (tokens !== undefined && !read.has('tokens')) throw unread('--tokens', component, 'texts')
    if (size !== undefined && !read.has('pictures') && !read.has('latents'))
      throw unread('--size', component, 'pictures')
    // Placeholders stand for the tensors that the function takes.
    const options = { model, forward, inputs } as unknown as ExportOptions<never>
    const { file, weights, bytes } = await exportOnnx(options, absolutePath(out))
    if (json) console.log(JSON.stringify({ file, weights, bytes }, null, 2))
    else for (const path of [file, ...(weights ? [weights] : [])]) console.log(path)
  } finally {
    model.dispose()
  }
}

/** The size of a call, which notes what a model reads of it. */
function noteReads(call: CallSize, read: Set<string>): CallSize {
  return new Proxy(call, {
    get: (target, name) => {
      read.add(String(name))
      return Reflect.get(target, name)
    },
  })
}

function unread(option: string, component: string, what: string): UnfitOptionError {
  return new UnfitOptionError(option, `${component} takes no ${what}, so the option has no effect. Leave it out.`)
}

/** Models without weights, by the names of their folders. */
type BareModels = ReadonlyMap<string, PretrainedModel>

/** A component, and one of its functions. */
interface FoundFunction {
  readonly name: string
  readonly functionName: string
  readonly className: string
}

/** Finds what a name such as `unet` or `vae_decoder` stands for. @throws UnknownValueError */
function findComponent(folder: string, models: BareModels, wanted: string): FoundFunction {
  const known = new Map<string, FoundFunction>()
  for (const [name, model] of models) {
    for (const functionName of Object.keys(model.functions)) {
      const found = { name, functionName, className: classNameOf(model.constructor) }
      known.set([name, functionName].filter(Boolean).join('_'), found)
    }
  }
  const found = known.get(wanted)
  if (found === undefined) throw new UnknownValueError(printableName(folder), wanted, [...known.keys()], 'component')
  return found
}

async function modelsOfFolder(folder: string): Promise<BareModels> {
  const models = new Map<string, PretrainedModel>()
  for (const name of await subfolders(folder)) {
    const model = await bareModel(folder, name)
    if (model) models.set(name, model)
  }
  return models
}

/** The models of one file of weights, with the settings of its family, or those that the user names. */
async function modelsOfFile(path: string, settings: FromSingleFileOptions): Promise<BareModels> {
  const file = await openModelFile(path, {})
  const models = new Map<string, PretrainedModel>()
  for (const name of Object.keys(file.kind.parts) as SingleFileComponent[]) {
    const type = findComponentClass(singleFileClasses[name])
    const { config } = await modelConfig(file, name, settings)
    if (type?.fromConfig) models.set(name, type.fromConfig(config) as PretrainedModel) // All classes of the table are models.
  }
  return models
}

/** @throws MissingFileError if the folder does not exist */
async function subfolders(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => undefined)
  if (entries === undefined) throw new MissingFileError(printableName(folder), ['folders of components'], undefined)
  return entries.flatMap(entry => (entry.isFile() ? [] : [entry.name])).sort()
}

/** A model without weights, made from the config of a component; `undefined` for what is not a model, or of an unknown class. */
async function bareModel(folder: string, subfolder: string): Promise<PretrainedModel | undefined> {
  const name = await detectComponentClass(folder, { subfolder })
  const type = name === undefined ? undefined : findComponentClass(name)
  if (type?.fromConfig === undefined || !(type.prototype instanceof PretrainedModel)) return undefined
  return type.fromConfig(await readConfig(join(folder, subfolder), 'config.json')) as PretrainedModel
}

/** Height and width of the latents of pictures, by the model's VAE; those of the pictures if it has none. */
function latentSizeByVae(vae: PretrainedModel | undefined, size: Size): MapSize {
  return hasLatents(vae) ? vae.latentSize(size) : size
}

/** How wide the pooled texts are, by the text encoder that makes them; nothing if the model has no second one. */
function pooledTextWidth(encoder: PretrainedModel | undefined): CallSize['widths'] {
  const width = encoder?.config['projectionDim']
  return typeof width === 'number' ? { textEmbeds: width } : undefined
}

function hasLatents(model: unknown): model is { latentSize(size: MapSize): MapSize } {
  return typeof (model as { latentSize?: unknown } | undefined)?.latentSize === 'function'
}
