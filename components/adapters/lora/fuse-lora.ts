/** Makes LoRAs a part of the weights of models. Counterpart: loaders/lora_base.py (fuse_lora, unfuse_lora) */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { UnknownValueError } from '../../../src/errors/unknown-value-error'
import { makeTemporaryFolder } from '../../../src/files/temporary-folder'
import { hold, release } from '../../../src/pipeline/component-holders'
import type { ModularPipeline } from '../../../src/pipeline/modular-pipeline'
import { yieldToEventLoop } from '../../../src/runtime/time-slice'
import { SafetensorsFile } from '../../checkpoints/safetensors-file'
import { WeightCast } from '../../checkpoints/weight-cast'
import { writeSafetensors } from '../../checkpoints/write-safetensors'
import type { PretrainedModel } from '../../models/pretrained-model'
import type { Parameter } from '../../nn/parameter'
import { countNonFinite } from '../../tensors/non-finite'
import * as tf from '../../tensors/tf'
import { SharedWeights } from '../shared-weights'
import { AdapterNameError } from './adapter-name-error'
import { layerWeights } from './block-weights'
import { LoraError } from './lora-error'
import type { LoraComponent } from './lora-keys'
import type { LoraLayer } from './lora-layer'
import type { ActiveLora, FusedModel, LoraSet } from './lora-set'
import { adaptableModels, LORA_COMPONENTS, lorasOf, putLoras } from './pipeline-loras'

/** Options of {@link fuseLora}. */
export interface FuseLoraOptions {
  /** The components whose weights are changed. Default: all. */
  components?: readonly LoraComponent[] | undefined
  /** Factor on the weights of the LoRAs. Default: 1. */
  loraScale?: number | undefined
  /** Refuses weights that are NaN or infinite once they are added up. Default: false. */
  safeFusing?: boolean | undefined
  /** Those of the active LoRAs that are meant. Default: all of them. */
  adapterNames?: readonly string[] | undefined
  /** Stops it. Nothing has changed then. */
  signal?: AbortSignal | undefined
}

/** A LoRA's layer with its factor. */
interface WeighedLayer {
  readonly layer: LoraLayer
  readonly scale: number
}

/**
 * Merges the active LoRAs into the weights, so that runs cost what they cost without them. The pipeline gets its own
 * models, whose changed weights are in a temporary file. Other pipelines, and active runs, keep their models.
 *
 * @throws UnknownValueError for a component that no LoRA changes; AdapterNameError for a name that does not take part, or if LoRAs are fused already; LoraError for weights that are not finite with `safeFusing`
 */
export async function fuseLora(pipe: ModularPipeline, options: FuseLoraOptions = {}): Promise<void> {
  const { components = LORA_COMPONENTS, loraScale = 1 } = options
  requireLoraComponents(components)
  const set = lorasOf(pipe)
  const active = activeOf(set, options.adapterNames)
  const models = adaptableModels(pipe)
  const fused: [LoraComponent, FusedModel][] = []
  try {
    for (const component of components) {
      const original = models[component]
      const layers = layersOf(set, active, component, loraScale)
      if (original === undefined || layers.size === 0) continue
      if (set.parts.fused.has(component)) {
        const [name = ''] = set.parts.fused.get(component)?.adapters ?? []
        throw new AdapterNameError(name, `is fused into ${component} already. Call unfuseLora() first`, [
          ...set.parts.adapters.keys(),
        ])
      }
      const adapters = new Set(active.map(({ name }) => name))
      const isOwn = pipe.container.holds(component)
      fused.push([component, { original, isOwn, adapters, ...(await fuseModel(component, original, layers, options)) }])
    }
  } catch (error) {
    for (const [, { weights }] of fused) weights.release()
    throw error
  }
  for (const [, { original, isOwn, weights }] of fused) if (isOwn) keep(original, weights)
  pipe.updateComponents(Object.fromEntries(fused.map(([component, { model }]) => [component, model])))
  const latest = lorasOf(pipe)
  putLoras(pipe, latest.with({ fused: new Map([...latest.parts.fused, ...fused]) }))
}

/**
 * Puts the models back that were there before {@link fuseLora}: the same ones, with the same weights. LoRAs that are still loaded take part again as before.
 *
 * @param options - `components`: the models to put back (default: all)
 * @throws UnknownValueError for a component that no LoRA changes
 */
export function unfuseLora(
  pipe: ModularPipeline,
  { components = LORA_COMPONENTS }: { components?: readonly LoraComponent[] | undefined } = {},
): void {
  requireLoraComponents(components)
  const set = lorasOf(pipe)
  const back = [...set.parts.fused].filter(([component]) => components.includes(component))
  // What a container of others supplies comes into sight again when nothing is in its place.
  const originals = back.map(([component, { original, isOwn }]) => [component, isOwn ? original : null])
  pipe.updateComponents(Object.fromEntries(originals))
  const rest = [...set.parts.fused].filter(([component]) => !components.includes(component))
  putLoras(pipe, set.with({ fused: new Map(rest) }))
}

/** @throws UnknownValueError for a component that no LoRA changes */
function requireLoraComponents(components: readonly string[]): void {
  const unknown = components.find(name => !LORA_COMPONENTS.some(known => known === name))
  if (unknown !== undefined) throw new UnknownValueError('A LoRA', unknown, LORA_COMPONENTS, 'component')
}

/** Holds a model as long as another is in its place, and disposes it with that if then nobody holds it. */
function keep(original: PretrainedModel, weights: SharedWeights): void {
  const holder = {}
  hold(original, holder)
  weights.add({
    dispose: () => {
      // A manager of models disposes what it manages.
      if (release(original, holder) && original.callGuard === undefined) original.dispose()
    },
  })
}

function activeOf(set: LoraSet, names: readonly string[] | undefined): readonly ActiveLora[] {
  const { active, adapters } = set.parts
  for (const name of names ?? []) {
    if (!active.some(each => each.name === name))
      throw new AdapterNameError(name, 'is not active, and cannot be fused', [...adapters.keys()])
  }
  return names === undefined ? active : active.filter(({ name }) => names.includes(name))
}

/** The layers of all LoRAs, by the layer that they change. */
function layersOf(
  set: LoraSet,
  active: readonly ActiveLora[],
  component: LoraComponent,
  factor: number,
): Map<string, WeighedLayer[]> {
  const layers = new Map<string, WeighedLayer[]>()
  for (const { name, expanded } of active) {
    const weights = layerWeights(expanded, component, factor)
    for (const [place, layer] of set.parts.adapters.get(name)?.networks.get(component)?.entries() ?? []) {
      layers.set(place, [...(layers.get(place) ?? []), { layer, scale: layer.scale * weights.of(place) }])
    }
  }
  return layers
}

/** Makes a model with other weights in some layers. */
async function fuseModel(
  component: LoraComponent,
  original: PretrainedModel,
  layers: ReadonlyMap<string, readonly WeighedLayer[]>,
  { safeFusing, signal }: FuseLoraOptions,
): Promise<Pick<FusedModel, 'model' | 'weights'>> {
  const folder = await makeTemporaryFolder('fused')
  const remove = () => rmSync(folder, { recursive: true, force: true })
  process.once('exit', remove)
  const model = Reflect.construct(original.constructor, [original.config]) as PretrainedModel
  const file = {
    dispose: () => {
      process.removeListener('exit', remove)
      remove()
    },
  }
  const weights = new SharedWeights([model, file])
  try {
    const path = join(folder, `${component}.safetensors`)
    const changed = new Map<string, Parameter>()
    const targets = new Map(model.namedParameters())
    for (const [name, parameter] of original.namedParameters()) {
      const target = targets.get(name) as Parameter // The same class has the same parameters.
      if (!layers.has(layerOf(name)) && bindAsBefore(parameter, target)) continue
      changed.set(name, parameter)
    }
    const tensors = [...changed].map(([name, parameter]) => {
      const place = layerOf(name)
      const own = layers.get(place) ?? []
      const data = async function* () {
        signal?.throwIfAborted()
        await yieldToEventLoop()
        const values = own.length === 0 ? parameter.read() : merge(parameter, own)
        if (safeFusing && countNonFinite(values) > 0) {
          throw new LoraError(
            component,
            'non-finite',
            `the weights of ${place} are NaN or infinite once the LoRAs are added.`,
            [place],
          )
        }
        yield new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
      }
      return [name, { dtype: 'F32' as const, shape: parameter.shape, data }] as const
    })
    await writeSafetensors(path, Object.fromEntries(tensors))
    const merged = await SafetensorsFile.open(path)
    for (const [name, { dtype }] of changed) (targets.get(name) as Parameter).bind(merged.info(name), dtype)
    await merged.close()
    model.diffusersVersion = original.diffusersVersion
    model.storedQuantization = original.storedQuantization
    model.useExecutor(original.executor).quantize(original.quantization?.method)
    return { model, weights }
  } catch (error) {
    weights.release()
    throw error
  }
}

/** The layer of a weight; none of a bias, which LoRAs leave as it is. */
function layerOf(name: string): string {
  return name.endsWith('.weight') ? name.slice(0, -'.weight'.length) : ''
}

/** Makes a parameter read the same numbers from the same file, if they have not changed. */
function bindAsBefore({ origin, cast, dtype }: Parameter, target: Parameter): boolean {
  if (origin === undefined) return false
  if (WeightCast.of(origin).to(dtype).roundings.join() !== cast.roundings.join()) return false
  target.bind(origin, dtype)
  return true
}

/** The numbers of a weight with LoRAs added, in the order of the file. */
function merge(parameter: Parameter, layers: readonly WeighedLayer[]): Float32Array {
  const absent = layers.flatMap(({ layer }) => layer.parameters().filter(({ isInMemory }) => !isInMemory))
  const { shape, permutation = [...shape.keys()] } = parameter
  const merged = tf.tidy(() => {
    let weight = tf.tensor(parameter.read(), [...shape]).transpose([...permutation])
    for (const { layer, scale } of layers) weight = layer.addTo(weight, scale)
    return weight.transpose(permutation.map((_, axis) => permutation.indexOf(axis)))
  })
  try {
    return merged.dataSync<'float32'>()
  } finally {
    merged.dispose()
    for (const read of absent) read.offload()
  }
}
