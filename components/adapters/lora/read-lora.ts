/** Reads a LoRA file for the models of a pipeline. Counterpart: loaders/lora_pipeline.py (lora_state_dict), loaders/peft.py */
import { emitWarning } from '../../../src/errors/emit-warning'
import { nameList, shownNames } from '../../../src/errors/text'
import { SafetensorsFile } from '../../checkpoints/safetensors-file'
import type { PretrainedModel } from '../../models/pretrained-model'
import { countNonFiniteAsync } from '../../tensors/non-finite'
import { fileHint } from '../file-hint'
import { shownKeys } from '../shown-keys'
import { type AdaptableLayer, LayerNames } from './layer-names'
import { LoraError } from './lora-error'
import { familyOf } from './lora-family'
import { type LoraComponent, type LoraPart, otherMethod, parseLoraKey } from './lora-keys'
import { LoraLayer, type LoraShapes } from './lora-layer'
import { LoraMetadata } from './lora-metadata'
import { LoraNetwork } from './lora-network'
import { misshapen } from './lora-shapes'
import { readAlpha } from './read-alpha'

/** The models that a LoRA may change, by the names of the components. */
export type LoraModels = Readonly<Partial<Record<LoraComponent, PretrainedModel>>>

/** One layer of a file. */
interface LayerInFile {
  readonly component: LoraComponent
  /** State-dict name of the layer that it changes. */
  readonly place: string
  readonly base: AdaptableLayer
  /** Keys of its tensors. */
  readonly keys: Partial<Record<LoraPart, string>>
}

/**
 * Reads the layers of a LoRA. Its weights stay in the file; they are read once, to see that all of them are finite.
 * Keys that name no layer of the models cause a warning.
 *
 * @throws LoraError, SafetensorsError, MissingFileError; the reason of `signal`
 */
export async function readLora(path: string, models: LoraModels, signal?: AbortSignal): Promise<LoraNetwork[]> {
  const file = await SafetensorsFile.open(path)
  const networks: LoraNetwork[] = []
  try {
    const { layers, unused } = findLayers(file, models)
    const metadata = LoraMetadata.read(file)
    for (const component of ['unet', 'textEncoder', 'textEncoder2'] as const) {
      const own = layers.filter(layer => layer.component === component)
      if (own.length === 0) continue
      const entries: (readonly [string, LoraLayer])[] = []
      for (const layer of own) entries.push([layer.place, await readLayer(file, layer, metadata, signal)])
      networks.push(new LoraNetwork(component, file.path, new Map(entries)))
    }
    if (unused.length > 0) {
      const message = `${file.path}: ${unused.length} of its ${file.keys.length} tensors are for no layer of this pipeline, and were ignored: ${shownNames(unused)}.`
      emitWarning('UNUSED_LORA_KEYS', message)
    }
    return networks
  } catch (error) {
    for (const network of networks) network.dispose()
    throw error
  } finally {
    await file.close()
  }
}

/** Finds the layer of every key. @throws LoraError */
function findLayers(
  file: SafetensorsFile,
  models: LoraModels,
): { layers: readonly LayerInFile[]; unused: readonly string[] } {
  refuseOtherMethods(file)
  const names = new Map(
    Object.entries(models).flatMap(([component, model]) =>
      model === undefined ? [] : [[component, new LayerNames(component as LoraComponent, model)] as const],
    ),
  )
  const layers = new Map<string, LayerInFile>()
  const unused: string[] = []
  for (const key of file.keys) {
    const parsed = parseLoraKey(key)
    const ofModel = parsed && names.get(parsed.component)
    const place = parsed && ofModel?.find(parsed)
    const base = place === undefined ? undefined : ofModel?.layers.get(place)
    if (parsed === undefined || place === undefined || base === undefined) {
      unused.push(key)
      continue
    }
    const { component, part } = parsed
    const id = `${component}.${place}`
    const layer = layers.get(id) ?? { component, place, base, keys: {} }
    const other = layer.keys[part]
    if (other !== undefined)
      throw new LoraError(file.path, 'incomplete', `has ${part} of the layer ${id} twice: ${other} and ${key}.`, [
        other,
        key,
      ])
    layer.keys[part] = key
    layers.set(id, layer)
  }
  // Alphas alone change nothing.
  const whole = [...layers.values()].filter(({ keys }) => Object.keys(keys).some(part => part !== 'alpha'))
  if (whole.length === 0) throw noMatch(file, models)
  requireShapes(file, whole)
  return { layers: whole, unused }
}

/** @throws LoraError that names the methods and the layers */
function refuseOtherMethods(file: SafetensorsFile): void {
  const layers = new Map<string, Set<string>>()
  for (const key of file.keys) {
    const other = otherMethod(key)
    if (other === undefined) continue
    layers.set(other.method, (layers.get(other.method) ?? new Set()).add(other.layer))
  }
  if (layers.size === 0) return
  const parts = [...layers].map(
    ([method, names]) => `${method} (${names.size} ${names.size === 1 ? 'layer' : 'layers'}: ${shownKeys([...names])})`,
  )
  const detail = `changes layers by ${parts.join(', and by ')}. Only LoRA, LoCon and DoRA are supported. Ask for the file in one of these forms, or merge it into the checkpoint in Python.`
  throw new LoraError(
    file.path,
    'unsupported-method',
    detail,
    [...layers.values()].flatMap(names => [...names]),
  )
}

function noMatch(file: SafetensorsFile, models: LoraModels): LoraError {
  const there = nameList(Object.keys(models))
  const family = familyOf(file)
  const isLora = file.keys.some(key => parseLoraKey(key) !== undefined)
  const ofOthers = isLora ? '' : fileHint(file)
  const hint = family === undefined ? ofOthers : ` It looks like a LoRA for ${family}.`
  const detail = `none of its ${file.keys.length} tensors is for a layer of the pipeline's models (${there}).${hint} The first keys are: ${shownKeys(file.keys)}.`
  return new LoraError(file.path, 'no-match', detail, file.keys.slice(0, 10))
}

/** Compares the shapes of all layers. @throws LoraError */
function requireShapes(file: SafetensorsFile, layers: readonly LayerInFile[]): void {
  const problems: { place: string; problem: string }[] = []
  for (const { component, place, base, keys } of layers) {
    const missing = (['down', 'up'] as const).filter(part => keys[part] === undefined)
    const [there] = Object.values(keys)
    if (missing.length > 0) {
      throw new LoraError(
        file.path,
        'incomplete',
        `the layer ${component}.${place} has ${there}, and no tensor "${missing.join('" or "')}".`,
        [place],
      )
    }
    const problem = misshapen(base, shapesOf(file, keys))
    if (problem !== undefined) problems.push({ place: `${component}.${place}`, problem })
  }
  const [first] = problems
  if (first === undefined) return
  const family = familyOf(file)
  const what =
    family === undefined ? 'is for another base model' : `is a LoRA for ${family}, which this pipeline is not`
  const places = problems.map(({ place }) => place)
  const detail = `${what}: ${problems.length} of ${layers.length} layers have other sizes. ${first.place} ${first.problem}. The layers are: ${shownKeys(places)}.`
  throw new LoraError(file.path, 'wrong-shape', detail, places)
}

function shapesOf(file: SafetensorsFile, keys: LayerInFile['keys']): LoraShapes {
  const shape = (part: LoraPart) => (keys[part] === undefined ? undefined : file.info(keys[part]).shape)
  return {
    down: shape('down') ?? [],
    up: shape('up') ?? [],
    mid: shape('mid'),
    magnitude: shape('magnitude'),
    bias: shape('bias'),
  }
}

/** Makes a layer whose weights stay in the file. */
async function readLayer(
  file: SafetensorsFile,
  { component, place, keys }: LayerInFile,
  metadata: LoraMetadata,
  signal: AbortSignal | undefined,
): Promise<LoraLayer> {
  const shapes = shapesOf(file, keys)
  const rank = shapes.down[0] ?? 1
  const stated = keys.alpha === undefined ? undefined : await readAlpha(file, keys.alpha, `${component}.${place}`)
  const layer = new LoraLayer(shapes, stated === undefined ? metadata.scaleOf(component, place, rank) : stated / rank)
  for (const part of ['down', 'up', 'mid', 'magnitude', 'bias'] as const) {
    const key = keys[part]
    if (key === undefined) continue
    signal?.throwIfAborted()
    const values = await file.readFloat32(key)
    const count = await countNonFiniteAsync(values, signal)
    if (count > 0) {
      const detail = `${count} of ${values.length} values of "${key}" are NaN or infinite. The file is damaged: download it again.`
      throw new LoraError(file.path, 'non-finite', detail, [key])
    }
    layer[part]?.bind(file.info(key))
  }
  return layer
}
