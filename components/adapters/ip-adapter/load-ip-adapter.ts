/** Puts IP-Adapters on top of the UNet of a pipeline, and takes them away. Counterpart: loaders/ip_adapter.py (IPAdapterMixin) */
import { join } from 'node:path'
import { InputTypeError } from '../../../src/errors/input-type-error'
import { pathOf } from '../../../src/files/path-of'
import { statIfThere } from '../../../src/files/stat-if-there'
import { isRepositoryId, type RepositoryOptions } from '../../../src/hub/repository-resolver'
import type { ModularPipeline } from '../../../src/pipeline/modular-pipeline'
import { CLIPVisionModelWithProjection } from '../../models/clip-vision/clip-vision-model-with-projection'
import { UNet2DConditionModel } from '../../models/unet-2d-condition/unet-2d-condition-model'
import { adaptersOf, missingComponent } from '../adapted-pipeline'
import { findAdapterFile } from '../find-adapter-file'
import { IPAdapter } from './ip-adapter'
import { IPAdapterError } from './ip-adapter-error'
import { IP_ADAPTER, type IPAdapterScale, IPAdapterSet } from './ip-adapter-set'

/** Options of {@link loadIpAdapter}. */
export interface LoadIPAdapterOptions extends RepositoryOptions {
  /** Name of the file in the folder or repository. With a list, several adapters are loaded. Default: the only .safetensors file of a folder. */
  weightName?: string | readonly string[] | undefined
  /** Folder in the folder or repository: one for all adapters, or one for each. */
  subfolder?: string | readonly string[] | undefined
  /**
   * Folder of the image encoder in the subfolder, or with a slash in the folder or repository itself. `null` loads none, for a pipeline that gets embeddings in
   * place of pictures. Default: `image_encoder`.
   */
  imageEncoderFolder?: string | null | undefined
}

/**
 * Loads IP-Adapters for the UNet of a pipeline, in the place of those that it has. The runs that begin afterwards show it pictures beside the prompt: `ipAdapterImage`.
 * The weights stay in their files. Other pipelines that share the UNet do not see the adapters.
 *
 * ```ts
 * await loadIpAdapter(pipe, 'h94/IP-Adapter', { subfolder: 'models', weightName: 'ip-adapter_sd15.safetensors' })
 * setIpAdapterScale(pipe, 0.6)
 * const [image] = await pipe({ prompt: 'a cat', ipAdapterImage: picture }, { output: 'images', seed: 1 })
 * ```
 *
 * @param source - a .safetensors file, a folder or the id of a repository; or a list, one for each adapter
 * @throws IPAdapterError for a file that is not an adapter for this UNet, or damaged; MissingFileError, PickleCheckpointError, SafetensorsError, StateDictError; MissingComponentError
 * before the UNet is loaded; ComponentTypeError for a pipeline without adapters; what fetching throws. Nothing has changed then.
 */
export async function loadIpAdapter(
  pipe: ModularPipeline,
  source: string | URL | readonly (string | URL)[],
  options: LoadIPAdapterOptions = {},
): Promise<void> {
  const adapters = adaptersOf(pipe)
  const unet = unetOf(pipe)
  const loaded: IPAdapter[] = []
  let imageEncoder: CLIPVisionModelWithProjection | undefined
  try {
    const places = placesOf(source, options)
    for (const place of places) {
      const { source, ...where } = place
      const file = await findAdapterFile(
        source,
        { ...repositoryOptions(options), ...where },
        { refuse: (path, detail) => new IPAdapterError(path, `${detail.charAt(0).toUpperCase()}${detail.slice(1)}`) },
      )
      loaded.push(await IPAdapter.fromSingleFile(file, unet, options))
    }
    const [first] = places
    if (first && !hasImageEncoder(pipe)) imageEncoder = await loadEncoder(first, unet, loaded, options)
  } catch (error) {
    for (const adapter of loaded) adapter.dispose()
    throw error
  }
  adapters.set(IP_ADAPTER, IPAdapterSet.of(loaded, imageEncoder))
}

/**
 * Says how much the pictures count in the runs that begin afterwards.
 *
 * @param scale - a number: 0 to ignore the pictures, 1 as trained. Or a map by block, in which omitted parts get 0: `{
 * down: { block_2: [0, 1] }, up: { block_0: [0, 1, 0] } }`. Or a list with one of them for each adapter; a list in it
 * has a number for each masked picture.
 * @throws IPAdapterError if no adapter is loaded; InputTypeError for another number of scales, or for a block that the UNet does not have. Nothing has changed then.
 */
export function setIpAdapterScale(pipe: ModularPipeline, scale: IPAdapterScale | readonly IPAdapterScale[]): void {
  const adapters = adaptersOf(pipe)
  const set = adapters.get<IPAdapterSet>(IP_ADAPTER)
  if (set === undefined)
    throw new IPAdapterError('The pipeline', 'It has no IP-Adapter. Load one with loadIpAdapter().')
  adapters.set(IP_ADAPTER, set.withScale(scale, unetOf(pipe)))
}

/**
 * Unloads all IP-Adapters, and the image encoder that was loaded with them. Runs that are under way keep them. The pipeline then draws what it drew before they were
 * loaded.
 */
export function unloadIpAdapter(pipe: ModularPipeline): void {
  adaptersOf(pipe).set(IP_ADAPTER, undefined)
}

/** Where an adapter is. */
interface Place {
  readonly source: string
  readonly subfolder: string | undefined
  readonly weightName: string | undefined
}

/** One place for each adapter. @throws InputTypeError for lists of different lengths */
function placesOf(source: string | URL | readonly (string | URL)[], options: LoadIPAdapterOptions): readonly Place[] {
  const sources = [source].flat() as (string | URL)[]
  const names = [options.weightName].flat()
  const folders = [options.subfolder].flat()
  const count = Math.max(sources.length, names.length)
  const lists = { source: sources, weightName: names, subfolder: folders }
  for (const [input, { length }] of Object.entries(lists)) {
    if (length === 1 || length === count) continue
    const expected = `there must be one for each of the ${count} IP-Adapters`
    throw new InputTypeError({ path: [], input, kind: 'argument', expected, value: lists[input as keyof typeof lists] })
  }
  return Array.from({ length: count }, (_, i) => ({
    source: pathOf((sources[i] ?? sources[0]) as string, 'source'),
    subfolder: folders[i] ?? folders[0],
    weightName: names[i] ?? names[0],
  }))
}

/** Loads the image encoder that is beside an adapter. */
async function loadEncoder(
  { source, subfolder = '' }: Place,
  unet: UNet2DConditionModel,
  [adapter]: readonly IPAdapter[],
  options: LoadIPAdapterOptions,
): Promise<CLIPVisionModelWithProjection | undefined> {
  const { imageEncoderFolder: folder = 'image_encoder' } = options
  if (folder === null) return undefined
  const { signal, ...repository } = repositoryOptions(options)
  const how = { executor: unet.executor, ...(signal && { signal }) }
  if (isRepositoryId(source)) {
    const place = folder.includes('/') ? folder : join(subfolder, folder)
    return CLIPVisionModelWithProjection.fromPretrained(source, {
      ...repository,
      ...how,
      subfolder: place,
    })
  }
  const isFile = statIfThere(source)?.isFile()
  const beside =
    isFile && adapter
      ? adapter.encoderFolder(folder)
      : join(source, folder.includes('/') ? folder : join(subfolder, folder))
  if (statIfThere(beside)?.isDirectory()) return CLIPVisionModelWithProjection.fromPretrained(beside, how)
  const problem = `There is no image encoder for it in ${beside}. Pass its folder as imageEncoderFolder, or null to pass embeddings in place of pictures.`
  throw new IPAdapterError(adapter?.file ?? source, problem)
}

function repositoryOptions({
  weightName: _,
  subfolder: __,
  imageEncoderFolder: ___,
  ...options
}: LoadIPAdapterOptions): RepositoryOptions {
  return options
}

function hasImageEncoder(pipe: ModularPipeline): boolean {
  const { imageEncoder } = pipe.components as { imageEncoder?: unknown }
  return imageEncoder instanceof CLIPVisionModelWithProjection
}

/** @throws MissingComponentError before it is loaded; IPAdapterError for another model */
function unetOf(pipe: ModularPipeline): UNet2DConditionModel {
  const { unet } = pipe.components as { unet?: unknown }
  if (unet instanceof UNet2DConditionModel) return unet
  if (unet != null)
    throw new IPAdapterError('The component "unet"', 'It is not a UNet2DConditionModel, which IP-Adapters change.')
  throw missingComponent(pipe, 'unet', UNet2DConditionModel.className)
}
