/** The original names of the weights of a UNet and of a ControlNet. Counterpart: diffusers single_file_utils.py (convert_ldm_unet_checkpoint). */

/** Parts of a residual block. */
const RESNET_PARTS: Readonly<Record<string, string>> = {
  norm1: 'in_layers.0',
  conv1: 'in_layers.2',
  time_emb_proj: 'emb_layers.1',
  norm2: 'out_layers.0',
  conv2: 'out_layers.3',
  conv_shortcut: 'skip_connection',
}

/** Modules outside of the blocks. */
const TOP_PARTS: Readonly<Record<string, string>> = {
  'time_embedding.linear_1': 'time_embed.0',
  'time_embedding.linear_2': 'time_embed.2',
  'time_embedding.cond_proj': 'time_embed.cond_proj',
  'class_embedding.linear_1': 'label_emb.0.0',
  'class_embedding.linear_2': 'label_emb.0.2',
  'add_embedding.linear_1': 'label_emb.0.0',
  'add_embedding.linear_2': 'label_emb.0.2',
  conv_in: 'input_blocks.0.0',
  conv_norm_out: 'out.0',
  conv_out: 'out.2',
  'controlnet_cond_embedding.conv_in': 'input_hint_block.0',
  controlnet_mid_block: 'middle_block_out.0',
}

/**
 * Returns the names that a weight can have in an original file, without the prefix; none for a weight that such files do not have.
 *
 * @param name in the diffusers layout
 * @param layersPerBlock residual blocks of a level on the way down
 * @param hintBlocks convolutions of a ControlNet's picture between the first and the last
 */
export function originalUNetKeys(name: string, layersPerBlock: number, hintBlocks = 0): readonly string[] {
  const [, module = '', weight = ''] = /^(.*)\.([^.]+)$/.exec(name) ?? []
  const top = TOP_PARTS[module]
  if (top !== undefined) return [`${top}.${weight}`]
  return (
    blockKeys(name, layersPerBlock) ?? midKeys(name) ?? controlKeys(module, hintBlocks).map(key => `${key}.${weight}`)
  )
}

/** Blocks on the way down are in one row, and so do those on the way up; each level ends with the change of size. */
function blockKeys(name: string, layersPerBlock: number): readonly string[] | undefined {
  const match = /^(down|up)_blocks\.(\d+)\.(resnets|attentions|downsamplers|upsamplers)\.(\d+)\.(.*)$/.exec(name)
  if (!match) return undefined
  const [, way, level, kind, index, rest = ''] = match
  const first = Number(level) * (layersPerBlock + 1)
  const place = first + Number(index)
  if (way === 'down') {
    if (kind === 'resnets') return [`input_blocks.${place + 1}.0.${resnetPart(rest)}`]
    if (kind === 'attentions') return [`input_blocks.${place + 1}.1.${rest}`]
    return [`input_blocks.${first + layersPerBlock + 1}.0.${rest.replace(/^conv\./, 'op.')}`]
  }
  if (kind === 'resnets') return [`output_blocks.${place}.0.${resnetPart(rest)}`]
  if (kind === 'attentions') return [`output_blocks.${place}.1.${rest}`]
  // Behind the attention, where the level has one.
  return [2, 1].map(part => `output_blocks.${first + layersPerBlock}.${part}.${rest}`)
}

function midKeys(name: string): readonly string[] | undefined {
  const match = /^mid_block\.(resnets|attentions)\.(\d+)\.(.*)$/.exec(name)
  if (!match) return undefined
  const [, kind, index, rest = ''] = match
  const place = 2 * Number(index)
  return kind === 'resnets' ? [`middle_block.${place}.${resnetPart(rest)}`] : [`middle_block.${place + 1}.${rest}`]
}

function controlKeys(module: string, hintBlocks: number): readonly string[] {
  const down = /^controlnet_down_blocks\.(\d+)$/.exec(module)
  if (down) return [`zero_convs.${down[1]}.0`]
  const hint = /^controlnet_cond_embedding\.blocks\.(\d+)$/.exec(module)
  if (hint) return [`input_hint_block.${2 * Number(hint[1]) + 2}`]
  return module === 'controlnet_cond_embedding.conv_out' ? [`input_hint_block.${2 * hintBlocks + 2}`] : []
}

function resnetPart(rest: string): string {
  const [part = '', ...names] = rest.split('.')
  return [RESNET_PARTS[part] ?? part, ...names].join('.')
}
