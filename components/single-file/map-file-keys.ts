/** Finds where the weights of a model are in a file that calls them otherwise. */
import type { RawConfig } from '../configs/parse-config'
import { clipSources, isUnusedTextKey, openClipSources } from './clip-keys'
import type { FilePart, FileTensors, SingleFileComponent } from './file-kind'
import type { MappedKeys } from './file-ranges'
import type { KeySource } from './key-source'
import { originalUNetKeys } from './unet-keys'
import { originalVAEKey } from './vae-keys'

/** A model whose weights are looked for. */
export interface ModelWeights {
  readonly component: SingleFileComponent
  /** The model's settings, in camelCase. */
  readonly config: RawConfig
  /** The shape of each weight, by its name in the diffusers layout. */
  readonly shapes: ReadonlyMap<string, readonly number[]>
  /** The name of a weight for a key of the diffusers layout, where older files use another; `null` for a key of no weight. */
  readonly rename?: ((key: string) => string | null) | undefined
}

/** The averaged weights that training keeps beside the others: their keys have lost all dots. */
const EMA_PREFIX = 'model_ema.'

/**
 * Maps the names of a model to the tensors of a file. Weights that the file lacks are left out; tensors of the part that no weight stands for are
 * listed, but for those that are known to have no use.
 *
 * @param isAveraged takes the averaged weights of a UNet
 */
export function mapFileKeys(model: ModelWeights, part: FilePart, tensors: FileTensors, isAveraged = false): MappedKeys {
  const place = (key: string) => (isAveraged ? emaKey(part.prefix + key) : part.prefix + key)
  const renamed = part.layout === 'diffusers' ? namesInFile(tensors, model.rename) : undefined
  const sources = new Map<string, KeySource>()
  const used = new Set<string>()
  for (const [name, shape] of model.shapes) {
    const source = keySources(renamed?.get(name) ?? name, model, part)
      .map(source => ({ ...source, key: place(source.key) }))
      .find(({ key }) => tensors.has(key))
    if (source === undefined) continue
    used.add(source.key)
    const stored = tensors.get(source.key)?.shape ?? []
    const isReshaped = source.part === undefined && isSameButOnes(stored, shape)
    sources.set(name, isReshaped ? { ...source, shape } : source)
  }
  for (const key of tensors.keys()) if (renamed && model.rename?.(key) === null) used.add(key)
  const others = isAveraged ? [] : [...tensors.keys()].filter(key => !used.has(key) && isOfPart(key, part, model))
  return { sources, others }
}

/** Names of weights → the keys that older files have in their place. */
function namesInFile(tensors: FileTensors, rename: ModelWeights['rename']): ReadonlyMap<string, string> {
  const names = new Map<string, string>()
  for (const key of tensors.keys()) {
    const name = rename?.(key)
    if (name !== undefined && name !== null) names.set(name, key)
  }
  return names
}

/** Returns where a weight may be in a file, without the prefix of its part. */
export function keySources(
  name: string,
  { component, config }: Pick<ModelWeights, 'component' | 'config'>,
  { layout }: FilePart,
): readonly KeySource[] {
  if (layout === 'diffusers') return [{ key: name }]
  if (layout === 'open-clip') return openClipSources(name)
  switch (component) {
    case 'unet':
    case 'controlnet': {
      const layers = config['layersPerBlock']
      const hints = config['conditioningEmbeddingOutChannels']
      const hintBlocks = Array.isArray(hints) ? 2 * (hints.length - 1) : 0
      // Levels of different depths have no place in the row of blocks of an original file.
      if (typeof layers !== 'number') return []
      return originalUNetKeys(name, layers, hintBlocks).map(key => ({ key }))
    }
    case 'vae': {
      const levels = config['blockOutChannels']
      return [{ key: originalVAEKey(name, Array.isArray(levels) ? levels.length : 0) }]
    }
    default:
      return clipSources(name)
  }
}

/** `model.diffusion_model.out.0.weight` → `model_ema.diffusion_modelout0weight`. */
function emaKey(key: string): string {
  return EMA_PREFIX + key.replace(/^model\./, '').replaceAll('.', '')
}

/** Whether two shapes are the same but for dimensions of one element at the end: linear layers are in files as convolutions too. */
function isSameButOnes(a: readonly number[], b: readonly number[]): boolean {
  return a.length !== b.length && withoutOnes(a).join() === withoutOnes(b).join()
}

function withoutOnes(shape: readonly number[]): readonly number[] {
  const last = shape.findLastIndex(size => size !== 1)
  return shape.slice(0, last + 1)
}

/** Keys of a whole model that belong to no part: they show in no file of one model. */
const OF_TRAINING =
  /^(?:model_ema\.|model\.(?!diffusion_model)|denoiser\.|global_step$|epoch$|pytorch-lightning|state_dict|loss\.|scale_factor$|v_pred$|ztsnr$|(?:sqrt_)?(?:one_minus_)?(?:recip(?:m1)?_)?(?:log_one_minus_)?alphas_cumprod|betas$|posterior_|logvar$|lvlb_weights$)/

/** Whether a key belongs to a model and stands for something that the model may have to compute with. */
function isOfPart(key: string, { prefix, layout }: FilePart, { component, shapes }: ModelWeights): boolean {
  if (!key.startsWith(prefix) || OF_TRAINING.test(key)) return false
  if (component === 'text_encoder' || component === 'text_encoder_2') {
    const layers = [...shapes.keys()].filter(name => /layers\.\d+\.layer_norm1\.weight$/.test(name)).length
    return !isUnusedTextKey(key, layout === 'open-clip' ? layers : Number.POSITIVE_INFINITY)
  }
  // The loss that a VAE was trained with is beside it.
  return !(component === 'vae' && key.slice(prefix.length).startsWith('loss.'))
}
