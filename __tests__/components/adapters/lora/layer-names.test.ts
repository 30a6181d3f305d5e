/** Names of layers in kohya's files mean the layers that they mean in the reference, for Stable Diffusion 1 and XL. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { LayerNames } from '../../../../components/adapters/lora/layer-names'
import { type LoraComponent, parseLoraKey } from '../../../../components/adapters/lora/lora-keys'
import { CLIPTextModel, CLIPTextModelWithProjection, toCamelCase, UNet2DConditionModel } from '../../../../index'

interface NamesFile {
  readonly family: string
  /** The case of its models. */
  readonly base: string
  readonly calls: readonly { readonly component: string }[]
  readonly layers: readonly { readonly name: string; readonly component: string; readonly module: string }[]
}

const goldens = join(__dirname, '..', '..', '..', 'goldens')

function readJson<T>(...path: readonly string[]): T {
  return JSON.parse(readFileSync(join(goldens, ...path), 'utf8')) as T
}

const { files } = readJson<{ files: NamesFile[] }>('single_file', 'lora_names', 'case.json')

const CLASSES = {
  unet: UNet2DConditionModel,
  textEncoder: CLIPTextModel,
  textEncoder2: CLIPTextModelWithProjection,
} as const

test.each(files)('$family', ({ base, calls, layers }) => {
  const names = new Map(
    calls.map(({ component }) => {
      const name = toCamelCase(component) as LoraComponent
      const config = readJson<Record<string, unknown>>(base, 'diffusers', component, 'config.json')
      return [name, new LayerNames(name, CLASSES[name].fromConfig(config))]
    }),
  )
  const found = layers.map(({ name }) => {
    const key = parseLoraKey(`${name}.lora_down.weight`)
    return [name, key && [key.component, names.get(key.component)?.find(key)]]
  })
  const expected = layers.map(({ name, component, module }) => [name, [toCamelCase(component), module]])
  expect(found.length).toBeGreaterThan(290)
  expect(found).toEqual(expected)
})

test.each([
  [
    'unet.down_blocks.0.attentions.0.proj_in.lora_A.default_0.weight',
    'unet',
    'down_blocks.0.attentions.0.proj_in',
    'down',
  ],
  ['base_model.model.mid_block.resnets.0.conv1.lora_B.weight', 'unet', 'mid_block.resnets.0.conv1', 'up'],
  [
    'mid_block.attentions.0.x.attn1.processor.to_out_lora.up.weight',
    'unet',
    'mid_block.attentions.0.x.attn1.to_out.0',
    'up',
  ],
  [
    'text_encoder.text_model.encoder.layers.0.self_attn.to_q_lora.down.weight',
    'textEncoder',
    'text_model.encoder.layers.0.self_attn.q_proj',
    'down',
  ],
  [
    'text_encoder_2.text_model.encoder.layers.0.mlp.fc1.lora_linear_layer.up.weight',
    'textEncoder2',
    'text_model.encoder.layers.0.mlp.fc1',
    'up',
  ],
  ['unet.a.attn1.to_q.lora_magnitude_vector', 'unet', 'a.attn1.to_q', 'magnitude'],
  ['unet.a.attn1.to_q.lora_magnitude_vector.weight', 'unet', 'a.attn1.to_q', 'magnitude'],
  ['unet.a.attn1.to_q.lora_magnitude_vector.default.weight', 'unet', 'a.attn1.to_q', 'magnitude'],
  ['lora_te1_text_model_encoder_layers_0_mlp_fc1.alpha', 'textEncoder', 'text_model_encoder_layers_0_mlp_fc1', 'alpha'],
])('%s', (key, component, layer, part) => {
  expect(parseLoraKey(key)).toMatchObject({ component, layer, part })
})

test('keys of other kinds are none of a LoRA', () => {
  expect(['unet.conv_in.weight', 'emb_params', 'lora_unet_a.hada_w1_a'].map(parseLoraKey)).toEqual([
    undefined,
    undefined,
    undefined,
  ])
})
