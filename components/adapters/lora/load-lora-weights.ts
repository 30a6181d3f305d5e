/** Puts LoRAs on top of the models of a pipeline, and takes them away. Counterpart: loaders/lora_pipeline.py, loaders/lora_base.py (LoraBaseMixin) */
import type { ModularPipeline } from '../../../src/pipeline/modular-pipeline'
import { UNet2DConditionModel } from '../../models/unet-2d-condition/unet-2d-condition-model'
import { SharedWeights } from '../shared-weights'
import { AdapterNameError } from './adapter-name-error'
import { type AdapterWeight, EVERYWHERE, expandWeights } from './block-weights'
import { findLoraFile, type LoraPlace } from './find-lora-file'
import type { ActiveLora, LoraAdapter, LoraSet } from './lora-set'
import { adaptableModels, lorasOf, putLoras } from './pipeline-loras'
import { readLora } from './read-lora'

/** Options of {@link loadLoraWeights}. */
export interface LoadLoraOptions extends LoraPlace {
  /** Name of the adapter, for {@link setAdapters}. Default: `default_0`, `default_1`, … */
  adapterName?: string | undefined
}

/**
 * Loads a LoRA for the models of a pipeline. It takes part in the runs that begin afterwards with the weight 1, beside those that take part already;
 * {@link setAdapters} changes the weights. Its weights stay in the file. Other pipelines that share a model do not see it.
 *
 * ```ts
 * await loadLoraWeights(pipe, 'pixel-art.safetensors', { adapterName: 'pixel' })
 * setAdapters(pipe, ['pixel'], [0.8])
 * ```
 *
 * @param source - a .safetensors file, a folder that holds one, or the id of a repository
 * @returns the name of the adapter
 * @throws LoraError for a file that is not a LoRA for these models, or damaged; AdapterNameError for a name that is taken; MissingComponentError before the models
 * are loaded; ComponentTypeError for a pipeline without adapters; SafetensorsError; what fetching throws. Nothing has changed then.
 */
export async function loadLoraWeights(
  pipe: ModularPipeline,
  source: string | URL,
  options: LoadLoraOptions = {},
): Promise<string> {
  const models = adaptableModels(pipe)
  requireFree(lorasOf(pipe), options.adapterName)
  const { adapterName, ...place } = options
  const file = await findLoraFile(source, place)
  const networks = await readLora(file, models, options.signal)
  const weights = new SharedWeights(networks)
  // Others may have been loaded while this one was read.
  const set = lorasOf(pipe)
  const name = adapterName ?? freeName(set)
  try {
    requireFree(set, name)
  } catch (error) {
    for (const network of networks) network.dispose()
    throw error
  }
  const adapter: LoraAdapter = { name, file, weights, networks: new Map(networks.map(each => [each.component, each])) }
  const active: ActiveLora = { name, weight: 1, expanded: EVERYWHERE }
  putLoras(
    pipe,
    set.with({
      adapters: new Map([...set.parts.adapters, [name, adapter]]),
      active: [...set.parts.active, active],
      isEnabled: true,
    }),
  )
  return name
}

/**
 * Says which LoRAs take part in the runs that begin afterwards, and with which weights. Others stay loaded.
 *
 * @param names - one name, or several
 * @param weights - one for all, or one for each; by default 1. A weight may be an object by component and block, in which what is left out has the weight 1:
 * `{ textEncoder: 0.5, unet: { down: 0.9, mid: 0, up: { block_1: 0.6, block_2: [0.2, 0.8, 1] } } }`
 * @throws AdapterNameError for a name that is not loaded, a weight that is not a number, or another number of weights; InputTypeError for a block that the UNet does
 * not have. Nothing has changed then.
 */
export function setAdapters(
  pipe: ModularPipeline,
  names: string | readonly string[],
  weights?: AdapterWeight | readonly AdapterWeight[],
): void {
  const set = lorasOf(pipe)
  const known = [...set.parts.adapters.keys()]
  const all = [names].flat()
  const each: readonly AdapterWeight[] = Array.isArray(weights)
    ? weights
    : all.map(() => (weights as AdapterWeight | undefined) ?? 1)
  if (each.length !== all.length) {
    throw new AdapterNameError(
      all.join(', '),
      `got ${each.length} weights. Pass one for each of ${all.length} names`,
      known,
    )
  }
  const { unet } = adaptableModels(pipe)
  const active = all.map((name, i) => {
    requireLoaded(set, name)
    const weight = each[i] as AdapterWeight // As many as names.
    const refuse = (problem: string) => new AdapterNameError(name, problem, known)
    return {
      name,
      weight,
      expanded: expandWeights(weight, unet instanceof UNet2DConditionModel ? unet : undefined, refuse),
    }
  })
  putLoras(pipe, set.with({ active }))
}

/** Returns the names of the LoRAs that take part in the runs that begin now. @throws ComponentTypeError for a pipeline without adapters */
export function getActiveAdapters(pipe: ModularPipeline): string[] {
  const { active, isEnabled } = lorasOf(pipe).parts
  return isEnabled ? active.map(({ name }) => name) : []
}

/** Returns the names of the LoRAs that are loaded, by the components that they change. @throws ComponentTypeError for a pipeline without adapters */
export function getListAdapters(pipe: ModularPipeline): Record<string, string[]> {
  const list: Record<string, string[]> = {}
  for (const { name, networks } of lorasOf(pipe).parts.adapters.values()) {
    for (const component of networks.keys()) list[component] = [...(list[component] ?? []), name]
  }
  return list
}

/** Lets no LoRA take part until {@link enableLora} is called or another one is loaded. All stay loaded. */
export function disableLora(pipe: ModularPipeline): void {
  putLoras(pipe, lorasOf(pipe).with({ isEnabled: false }))
}

/** Lets the LoRAs take part again that {@link disableLora} has switched off. */
export function enableLora(pipe: ModularPipeline): void {
  putLoras(pipe, lorasOf(pipe).with({ isEnabled: true }))
}

/**
 * Unloads some LoRAs. Runs that are under way keep them.
 *
 * @throws AdapterNameError for a name that is not loaded. Nothing has changed then.
 */
export function deleteAdapters(pipe: ModularPipeline, names: string | readonly string[]): void {
  const set = lorasOf(pipe)
  const gone = new Set([names].flat())
  for (const name of gone) requireLoaded(set, name)
  putLoras(
    pipe,
    set.with({
      adapters: new Map([...set.parts.adapters].filter(([name]) => !gone.has(name))),
      active: set.parts.active.filter(({ name }) => !gone.has(name)),
    }),
  )
}

/**
 * Unloads all LoRAs. Runs that are under way keep them; what was fused stays a part of the models. Without any, the pipeline draws what it drew before the first
 * was loaded.
 */
export function unloadLoraWeights(pipe: ModularPipeline): void {
  putLoras(pipe, lorasOf(pipe).with({ adapters: new Map(), active: [], isEnabled: true }))
}

function requireLoaded({ parts: { adapters } }: LoraSet, name: string): void {
  if (!adapters.has(name)) throw new AdapterNameError(name, 'is not loaded', [...adapters.keys()])
}

function requireFree({ parts: { adapters } }: LoraSet, name: string | undefined): void {
  if (name !== undefined && adapters.has(name)) {
    throw new AdapterNameError(name, 'is loaded already. Choose another name, or delete it first', [...adapters.keys()])
  }
}

function freeName({ parts: { adapters } }: LoraSet): string {
  let number = adapters.size
  while (adapters.has(`default_${number}`)) number++
  return `default_${number}`
}
