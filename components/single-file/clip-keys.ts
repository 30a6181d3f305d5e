/** The names of the weights of text encoders in files of whole models. Counterpart: diffusers single_file_utils.py (convert_open_clip_checkpoint). */
import type { KeySource } from './key-source'

/** Modules of OpenCLIP's text model outside of its layers, by transformers' names of their weights. */
const OPEN_CLIP_TOP: Readonly<Record<string, string>> = {
  'embeddings.token_embedding.weight': 'token_embedding.weight',
  'embeddings.position_embedding.weight': 'positional_embedding',
  'final_layer_norm.weight': 'ln_final.weight',
  'final_layer_norm.bias': 'ln_final.bias',
}

const OPEN_CLIP_PARTS: Readonly<Record<string, string>> = {
  layer_norm1: 'ln_1',
  layer_norm2: 'ln_2',
  'mlp.fc1': 'mlp.c_fc',
  'mlp.fc2': 'mlp.c_proj',
  'self_attn.out_proj': 'attn.out_proj',
}

/** Queries, keys and values are below each other in one matrix. */
const FUSED_ROWS = ['q_proj', 'k_proj', 'v_proj']

/** The name of a weight within the text model itself. */
function bareName(name: string): string {
  return name.replace(/^text_model\./, '')
}

/** Returns where a weight is in a file that keeps transformers' names; some merged files lack the name of the outer part. */
export function clipSources(name: string): readonly KeySource[] {
  const bare = bareName(name)
  return [{ key: `text_model.${bare}` }, { key: bare }]
}

/** Returns where a weight is in a file of OpenCLIP. */
export function openClipSources(name: string): readonly KeySource[] {
  const bare = bareName(name)
  if (bare === 'text_projection.weight') return [{ key: 'text_projection', isTransposed: true }]
  const top = OPEN_CLIP_TOP[bare]
  if (top !== undefined) return [{ key: top }]
  const [, layer, part = '', weight = ''] = /^encoder\.layers\.(\d+)\.(.*)\.(weight|bias)$/.exec(bare) ?? []
  if (layer === undefined) return []
  const block = `transformer.resblocks.${layer}`
  const fused = FUSED_ROWS.indexOf(part.replace(/^self_attn\./, ''))
  if (fused >= 0) return [{ key: `${block}.attn.in_proj_${weight}`, part: { index: fused, of: FUSED_ROWS.length } }]
  return [{ key: `${block}.${OPEN_CLIP_PARTS[part] ?? part}.${weight}` }]
}

/** Keys of text encoders that no weight stands for: positions that are counted, and what belongs to training. */
export function isUnusedTextKey(key: string, layers: number): boolean {
  if (/(?:^|\.)(?:position_ids|attn_mask|logit_scale|text_projection(?:\.weight)?)$/.test(key)) return true
  // Stable Diffusion 2 takes the states before the last layers.
  const [, layer] = /(?:^|\.)resblocks\.(\d+)\./.exec(key) ?? []
  return layer !== undefined && Number(layer) >= layers
}
