/** Which files of a repository a model is loaded from. Counterpart: diffusers pipelines/pipeline_loading_utils.py (variant_compatible_siblings). */
import { isCodeFile } from '../../src/custom-blocks/code-files'
import type { RepositoryPart } from '../../src/hub/repository-resolver'
import { weightCandidates } from '../checkpoints/weight-names'

/** Endings of files that hold weights in other forms. */
const OTHER_WEIGHTS = /\.(?:bin|ckpt|pt|pth|msgpack|h5|onnx|onnx_data|pb|gguf|ot|tflite|xml)$/
const SAFETENSORS = /\.safetensors(?:\.index(?:\.[\w-]+)?\.json|\.[\w-]+\.index\.json)?$/

/** The files of a part that exist: those that it names, its code, and of the weights the single file or the index of the shards, whichever Python would read. */
export function selectPart(names: readonly string[], { subfolder, files, code, weights }: RepositoryPart): string[] {
  const prefix = subfolder ? `${subfolder}/` : ''
  const wanted = files.map(name => prefix + name).filter(name => names.includes(name))
  if (code) wanted.push(...names.filter(name => name.startsWith(prefix) && isCodeFile(name.slice(prefix.length))))
  if (weights === undefined) return wanted
  const weight = weightCandidates(weights).find(name => names.includes(prefix + name))
  return weight === undefined ? wanted : [...wanted, prefix + weight]
}

/**
 * The files of a whole model: all but weights, and of each component's weights the safetensors of the variant, or those without one if it has none of
 * it. Weights in other forms are left out where there are safetensors, and so are files that hold a whole model beside an index of components.
 */
export function selectModelFiles(names: readonly string[], variant?: string): string[] {
  const isWeight = (name: string) => SAFETENSORS.test(name) || OTHER_WEIGHTS.test(name)
  const hasComponents = names.some(name => /^(?:modular_)?model_index\.json$/.test(name))
  const folders = new Map<string, string[]>()
  for (const name of names.filter(isWeight)) {
    const folder = name.slice(0, Math.max(0, name.lastIndexOf('/')))
    if (folder === '' && hasComponents) continue
    folders.set(folder, [...(folders.get(folder) ?? []), name])
  }
  const weights = new Set([...folders.values()].flatMap(files => selectWeights(files, variant)))
  return names.filter(name => !isWeight(name) || weights.has(name))
}

/** What is loaded of the weights in one folder. */
function selectWeights(files: readonly string[], variant: string | undefined): readonly string[] {
  const safe = files.filter(name => SAFETENSORS.test(name))
  if (safe.length === 0) return files
  const plain = safe.filter(name => variantOf(name) === undefined)
  const asked = variant === undefined ? plain : safe.filter(name => variantOf(name) === variant)
  if (asked.length > 0) return asked
  return plain.length > 0 ? plain : safe
}

/**
 * `fp16` in `model.fp16.safetensors`, `model.fp16-00001-of-00002.safetensors` and `model.safetensors.index.fp16.json`, and in the older
 * `model-00001-of-00002.fp16.safetensors` and `model.safetensors.fp16.index.json`.
 */
function variantOf(path: string): string | undefined {
  const name = path.slice(path.lastIndexOf('/') + 1).replace(/-\d{5}-of-\d{5}/, '')
  const index = /\.safetensors\.(?:index\.([\w-]+)|([\w-]+)\.index)\.json$/.exec(name)
  return index?.[1] ?? index?.[2] ?? /\.([\w-]+)\.safetensors$/.exec(name)?.[1]
}
