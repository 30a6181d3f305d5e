/** The names that the original implementation has for the layers of a UNet, which kohya's files for Stable Diffusion XL use. */

/** Original names of the layers inside of a residual block. */
const RESNET_PARTS: Readonly<Record<string, string>> = {
  conv1: 'in_layers.2',
  time_emb_proj: 'emb_layers.1',
  conv2: 'out_layers.3',
  conv_shortcut: 'skip_connection',
}

/** Layers that are outside of all blocks. */
const SINGLE_LAYERS: Readonly<Record<string, string>> = {
  conv_in: 'input_blocks.0.0',
  conv_out: 'out.2',
  'time_embedding.linear_1': 'time_embed.0',
  'time_embedding.linear_2': 'time_embed.2',
  'add_embedding.linear_1': 'label_emb.0.0',
  'add_embedding.linear_2': 'label_emb.0.2',
}

/**
 * Returns the original names of modules.
 *
 * @param names - state-dict names of all modules of a UNet
 */
export function originalUNetNames(names: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const known = new Set(names)
  const prefixes = new Map<string, string>()
  const place = (name: string, original: string) => known.has(name) && prefixes.set(name, original)

  let input = 1
  for (let block = 0; known.has(`down_blocks.${block}`); block++) {
    const path = `down_blocks.${block}`
    for (let i = 0; known.has(`${path}.resnets.${i}`); i++, input++) {
      place(`${path}.resnets.${i}`, `input_blocks.${input}.0`)
      place(`${path}.attentions.${i}`, `input_blocks.${input}.1`)
    }
    if (place(`${path}.downsamplers.0.conv`, `input_blocks.${input}.0.op`)) input++
  }
  place('mid_block.resnets.0', 'middle_block.0')
  place('mid_block.attentions.0', 'middle_block.1')
  place('mid_block.resnets.1', 'middle_block.2')
  let output = 0
  for (let block = 0; known.has(`up_blocks.${block}`); block++) {
    const path = `up_blocks.${block}`
    for (let i = 0; known.has(`${path}.resnets.${i}`); i++, output++) {
      place(`${path}.resnets.${i}`, `output_blocks.${output}.0`)
      const hasAttention = place(`${path}.attentions.${i}`, `output_blocks.${output}.1`)
      if (known.has(`${path}.resnets.${i + 1}`)) continue
      place(`${path}.upsamplers.0.conv`, `output_blocks.${output}.${hasAttention ? 2 : 1}.conv`)
    }
  }

  return new Map(
    names.flatMap(name => {
      const original = SINGLE_LAYERS[name] ?? inBlock(name, prefixes)
      return original === undefined ? [] : [[name, [original]] as const]
    }),
  )
}

function inBlock(name: string, prefixes: ReadonlyMap<string, string>): string | undefined {
  const own = prefixes.get(name)
  if (own !== undefined) return own
  const [, block, isResnet, part] = /^(.+?\.(?:(resnets)|attentions)\.\d+)\.(.+)$/.exec(name) ?? []
  const prefix = block && prefixes.get(block)
  if (prefix === undefined || part === undefined) return undefined
  if (isResnet === undefined) return `${prefix}.${part}`
  const resnetPart = RESNET_PARTS[part]
  return resnetPart && `${prefix}.${resnetPart}`
}
