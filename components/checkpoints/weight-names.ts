/**
 * The names that the weights of a model can have, in the order in which Python's loaders look for them.
 * Counterpart: diffusers models/model_loading_utils.py (_fetch_index_file) and transformers modeling_utils.py (_get_resolved_checkpoint_files).
 */

/** Which of a folder's weights are meant. */
export interface WeightNameOptions {
  /** What the files' names begin with: `diffusion_pytorch_model` in diffusers' models, `model` in transformers'. */
  weightsName: 'diffusion_pytorch_model' | 'model'
  /** E.g. `fp16` for `model.fp16.safetensors`. Default: the files without a variant. */
  variant?: string | undefined
  /** The one file, or index, that holds the weights whatever it is called, as `transformers_weights` in a config names it. */
  explicitFile?: string | undefined
}

/** The names that a save gives: that of the single file, and that of the index of several. */
export function weightNames({ weightsName, variant }: WeightNameOptions): { file: string; index: string } {
  const infix = variant === undefined ? '' : `.${variant}`
  return { file: `${weightsName}${infix}.safetensors`, index: `${weightsName}.safetensors.index${infix}.json` }
}

/**
 * All names, the preferred first. A folder may hold the single file and an index, left by two saves: diffusers then reads what the index names, and
 * transformers the single file.
 */
export function weightCandidates(options: WeightNameOptions): readonly string[] {
  const { weightsName, variant, explicitFile } = options
  if (explicitFile !== undefined) return [explicitFile]
  const { file, index } = weightNames(options)
  if (weightsName === 'model') return [file, index]
  return variant === undefined ? [index, file] : [index, oldVariantIndex(options), file]
}

/** The pickles that Python reads if none of the {@link weightCandidates} exists. */
export function pickleCandidates({ weightsName, variant }: WeightNameOptions): readonly string[] {
  const infix = variant === undefined ? '' : `.${variant}`
  if (weightsName === 'diffusion_pytorch_model') return [`diffusion_pytorch_model${infix}.bin`]
  return [`pytorch_model${infix}.bin`, `pytorch_model.bin.index${infix}.json`]
}

/** Whether a name is that of an index rather than of a file with tensors. */
export function isWeightIndex(name: string): boolean {
  return name.endsWith('.json')
}

/** Whether a file holds weights, or the index of weights, of that name and variant. */
export function isWeightFile(name: string, options: WeightNameOptions): boolean {
  const { file, index } = weightNames(options)
  if (name === index || name === oldVariantIndex(options)) return true
  // A shard's name without its place is that of the single file.
  return name.replace(/-\d{5}-of-\d{5}(?=\.(?:[\w-]+\.)*safetensors$)/, '') === file
}

/** The index of a variant before diffusers 0.31; its shards are called `NAME-00001-of-00002.VARIANT.safetensors`. */
function oldVariantIndex({ weightsName, variant }: WeightNameOptions): string {
  return `${weightsName}.safetensors.${variant}.index.json`
}
