/** The readers of what is put on top of a pipeline, and of checkpoints in one file. */
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import fc from 'fast-check'
import { IPAdapter } from '../../components/adapters/ip-adapter/ip-adapter'
import { readLora } from '../../components/adapters/lora/read-lora'
import { readEmbeddings } from '../../components/adapters/textual-inversion/read-embeddings'
import { readHeaderSync } from '../../components/checkpoints/read-header-sync'
import { describeWeights } from '../../components/single-file/describe-weights'
import { ControlNetModel, UNet2DConditionModel } from '../../index'
import { anyValue, jsonFile, mostly, spoiled } from '../inputs'
import { type Reader, reader, write } from '../reader'
import { makeWeights, type Shapes, type WeightsInput, weightsInput } from '../weights'
import { UNET } from './model-readers'

const ATTENTION = 'down_blocks.0.attentions.0.transformer_blocks.0'
const FLAT = `lora_unet_${ATTENTION.replaceAll('.', '_')}`

/** Layers in each spelling: linear, DoRA, convolution, and convolution with a kernel between the matrices. */
const LORA: Shapes = [
  [`unet.${ATTENTION}.attn1.to_q.lora_A.weight`, [4, 8]],
  [`unet.${ATTENTION}.attn1.to_q.lora_B.weight`, [8, 4]],
  [`${FLAT}_attn2_to_k.lora_down.weight`, [2, 8]],
  [`${FLAT}_attn2_to_k.lora_up.weight`, [8, 2]],
  [`${FLAT}_attn2_to_k.alpha`, []],
  [`${FLAT}_attn2_to_k.dora_scale`, [8, 1]],
  ['lora_unet_down_blocks_0_resnets_0_conv1.lora_down.weight', [2, 8, 3, 3]],
  ['lora_unet_down_blocks_0_resnets_0_conv1.lora_up.weight', [8, 2, 1, 1]],
  ['lora_unet_down_blocks_0_resnets_0_conv2.lora_down.weight', [2, 8, 1, 1]],
  ['lora_unet_down_blocks_0_resnets_0_conv2.lora_mid.weight', [2, 2, 3, 3]],
  ['lora_unet_down_blocks_0_resnets_0_conv2.lora_up.weight', [8, 2, 1, 1]],
]

/** Keys that other kinds of files have, in the place of one. */
const OTHER_KEYS: readonly string[] = [
  ...['x.hada_w1_a', 'x.lokr_w1', 'x.oft_blocks', 'x.diff', 'emb_params', 'clip_l', 'clip_g', 'latents'],
  ...['image_proj.proj.weight', 'image_proj.perceiver_resampler.proj_in.weight', 'ip_adapter.1.to_k_ip.weight'],
  ...['ip_adapter.0.to_q_lora.down.weight', 'model.diffusion_model.input_blocks.0.0.weight', 'alphas_cumprod'],
  ...['first_stage_model.encoder.conv_in.weight', 'cond_stage_model.model.ln_final.weight', 'adapter.conv_in.weight'],
  ...['cond_stage_model.transformer.text_model.embeddings.position_ids', 'double_blocks.0.img_attn.qkv.weight'],
  ...['joint_blocks.0.x_block.attn.qkv.weight', 'control_model.zero_convs.0.0.weight', 'lora_te1_x.lora_down.weight'],
]

/** What PEFT writes into the header of a LoRA. */
const peftMetadata = jsonFile(
  spoiled({
    'unet.r': 4,
    'unet.lora_alpha': 8,
    'unet.alpha_pattern': { [`${ATTENTION}.attn1.to_q`]: 2 },
    'unet.rank_pattern': {},
    'unet.use_rslora': false,
  }),
)
const metadata = mostly(
  {},
  fc.oneof(fc.record({ lora_adapter_metadata: peftMetadata }), fc.record({ ss_tag: anyValue })),
)

/** Tensors with keys of other kinds of files, to be added. */
const added = mostly([], fc.array(fc.tuple(fc.constantFrom(...OTHER_KEYS), fc.array(fc.nat(9), { maxLength: 4 }))))

/** A base adapter for the UNet: a picture becomes four tokens. */
const IP_BASE: Shapes = [
  ['image_proj.proj.weight', [32, 8]],
  ['image_proj.proj.bias', [32]],
  ['image_proj.norm.weight', [8]],
  ['image_proj.norm.bias', [8]],
]

/** A resampler of one layer. */
const IP_PLUS: Shapes = [
  ['image_proj.latents', [1, 2, 64]],
  ['image_proj.proj_in.weight', [64, 8]],
  ['image_proj.proj_in.bias', [64]],
  ['image_proj.proj_out.weight', [8, 64]],
  ['image_proj.proj_out.bias', [8]],
  ['image_proj.norm_out.weight', [8]],
  ['image_proj.norm_out.bias', [8]],
  ['image_proj.layers.0.0.norm1.weight', [64]],
  ['image_proj.layers.0.0.norm1.bias', [64]],
  ['image_proj.layers.0.0.norm2.weight', [64]],
  ['image_proj.layers.0.0.norm2.bias', [64]],
  ['image_proj.layers.0.0.to_q.weight', [64, 64]],
  ['image_proj.layers.0.0.to_kv.weight', [128, 64]],
  ['image_proj.layers.0.0.to_out.weight', [64, 64]],
  ['image_proj.layers.0.1.0.weight', [64]],
  ['image_proj.layers.0.1.0.bias', [64]],
  ['image_proj.layers.0.1.1.weight', [256, 64]],
  ['image_proj.layers.0.1.3.weight', [64, 256]],
]

/** The layers of an adapter for the layers of cross-attention of {@link UNET}, by their widths. */
const IP_LAYERS: Shapes = [8, 8, 8, 16].flatMap((width, i) =>
  ['k', 'v'].map(part => [`ip_adapter.${2 * i + 1}.to_${part}_ip.weight`, [width, 8]] as const),
)

/** Concepts in the three forms. */
const CONCEPTS: readonly Shapes[] = [
  [['<toy>', [8]]],
  [['emb_params', [2, 8]]],
  [
    ['clip_l', [2, 8]],
    ['clip_g', [2, 16]],
  ],
]

/** A reader of one file whose tensors are nearly those. */
function weightsReader(
  name: string,
  shapes: readonly (() => Shapes)[],
  read: (path: string) => Promise<void>,
): Reader<unknown> {
  const inputs = fc.tuple(fc.nat(shapes.length - 1), weightsInput, metadata, added)
  return reader(name, inputs, async ([which, weights, text, others], folder) => {
    const right = (shapes[which] as () => Shapes)()
    const file = makeWeights([...right, ...(others as Shapes)], weights as WeightsInput, text)
    await read(join(write(folder, { 'x.safetensors': file }), 'x.safetensors'))
  })
}

let made: UNet2DConditionModel | undefined

/** The model that adapters are read for: it has no weights. */
function unet(): UNet2DConditionModel {
  made ??= UNet2DConditionModel.fromConfig(UNET)
  return made
}

/** A ControlNet in its original layout, as the repository holds it for tests. */
const ORIGINAL = join(process.cwd(), '__tests__/goldens/single_file/controlnet_sd1')

let tensorsOfFile: Shapes | undefined

/** The tensors of {@link ORIGINAL}. */
function originalControlNet(): Shapes {
  const file = join(ORIGINAL, 'original.safetensors')
  tensorsOfFile ??= [...readHeaderSync(file).tensors].map(([key, { shape }]) => [key, shape] as const)
  return tensorsOfFile
}

/** Read adapters, and checkpoints in one file. */
export const adapterReaders: readonly Reader<unknown>[] = [
  weightsReader('lora', [() => LORA, () => LORA.slice(2, 6)], async path => {
    for (const network of await readLora(path, { unet: unet() })) network.dispose()
  }),
  weightsReader(
    'textual-inversion',
    CONCEPTS.map(shapes => () => shapes),
    async path => void (await readEmbeddings(path)),
  ),
  weightsReader('ip-adapter', [() => [...IP_BASE, ...IP_LAYERS], () => [...IP_PLUS, ...IP_LAYERS]], async path => {
    const adapter = await IPAdapter.fromSingleFile(path, unet())
    adapter.dispose()
  }),
  weightsReader('weights-description', [() => LORA, originalControlNet, () => IP_BASE], async path => {
    await describeWeights(path)
  }),
  weightsReader('single-file', [originalControlNet], async path => {
    const config = readFileSync(join(ORIGINAL, 'diffusers', 'config.json'), 'utf8')
    const folder = write(dirname(path), { 'controlnet/config.json': config })
    const model = await ControlNetModel.fromSingleFile(path, { executor: 'eager', config: folder })
    model.dispose()
  }),
]
