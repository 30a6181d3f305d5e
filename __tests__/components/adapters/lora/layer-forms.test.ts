/** What a layer of a LoRA adds, in each of its forms, compared with weights that plain JavaScript adds up. */
import { EVERYWHERE, layerWeights } from '../../../../components/adapters/lora/block-weights'
import type { LoraNetwork } from '../../../../components/adapters/lora/lora-network'
import { readLora } from '../../../../components/adapters/lora/read-lora'
import { SafetensorsFile } from '../../../../components/checkpoints/safetensors-file'
import type { Parameter } from '../../../../index'
import { distance, smallInputs, useSmallUNet } from '../../models/hooks/small-unet'
import { removeLoras, writeLora } from './lora-files'

const loaded: LoraNetwork[] = []
afterEach(() => {
  for (const network of loaded.splice(0)) network.dispose()
})

const { unet, executors } = useSmallUNet()
afterAll(removeLoras)

const LINEAR = 'mid_block.attentions.0.transformer_blocks.0.attn1.to_q'
const POINT = 'down_blocks.0.attentions.0.proj_in'
const CONV = 'down_blocks.0.resnets.0.conv1'
const WEIGHT = 0.7

/** A form: the tensors of a layer, by how their names end. */
interface Form {
  readonly layer: string
  readonly tensors: Readonly<Record<string, readonly number[]>>
}

const forms: Record<string, (shape: readonly number[]) => Form> = {
  'a linear layer': ([out = 0, into = 0]) => ({
    layer: LINEAR,
    tensors: { 'lora_down.weight': [2, into], 'lora_up.weight': [out, 2] },
  }),
  'a linear layer with the matrices of a convolution': ([out = 0, into = 0]) => ({
    layer: LINEAR,
    tensors: { 'lora_down.weight': [2, into, 1, 1], 'lora_up.weight': [out, 2, 1, 1] },
  }),
  'a linear layer with a magnitude': ([out = 0, into = 0]) => ({
    layer: LINEAR,
    tensors: { 'lora_down.weight': [2, into], 'lora_up.weight': [out, 2], dora_scale: [out, 1] },
  }),
  'a convolution of one pixel with plain matrices': ([out = 0, into = 0]) => ({
    layer: POINT,
    tensors: { 'lora_down.weight': [3, into], 'lora_up.weight': [out, 3] },
  }),
  'a convolution': ([out = 0, into = 0, height = 0, width = 0]) => ({
    layer: CONV,
    tensors: { 'lora_down.weight': [2, into, height, width], 'lora_up.weight': [out, 2, 1, 1] },
  }),
  'a convolution in three parts': ([out = 0, into = 0, height = 0, width = 0]) => ({
    layer: CONV,
    tensors: {
      'lora_down.weight': [2, into, 1, 1],
      'lora_mid.weight': [2, 2, height, width],
      'lora_up.weight': [out, 2, 1, 1],
    },
  }),
  'a convolution with a magnitude': ([out = 0, into = 0, height = 0, width = 0]) => ({
    layer: CONV,
    tensors: {
      'lora_down.weight': [2, into, height, width],
      'lora_up.weight': [out, 2, 1, 1],
      dora_scale: [out, 1, 1, 1],
    },
  }),
}

const layerOf: Record<string, string> = Object.fromEntries(
  Object.entries(forms).map(([name, make]) => [name, make([1, 1, 1, 1]).layer]),
)

function weightOf(layer: string): Parameter {
  const modules = new Map(unet().namedModules())
  return (modules.get(layer) as unknown as { weight: Parameter }).weight
}

/** The weight with the LoRA added, in the order of the file. */
function added(
  old: Float32Array,
  shape: readonly number[],
  tensors: Readonly<Record<string, Float32Array>>,
): Float32Array {
  const [out = 0, into = 0, height = 1, width = 1] = shape
  const down = tensors['lora_down.weight'] as Float32Array
  const up = tensors['lora_up.weight'] as Float32Array
  const mid = tensors['lora_mid.weight']
  const rank = up.length / out
  const pixels = height * width
  const changed = old.map((value, at) => {
    const [o, i, p] = [Math.floor(at / (into * pixels)), Math.floor(at / pixels) % into, at % pixels]
    let sum = 0
    for (let r = 0; r < rank; r++) {
      const u = up[o * rank + r] as number
      if (mid === undefined) sum += u * (down[(r * into + i) * pixels + p] as number)
      else
        for (let q = 0; q < rank; q++)
          sum += u * (mid[(r * rank + q) * pixels + p] as number) * (down[q * into + i] as number)
    }
    return value + WEIGHT * sum
  })
  const magnitude = tensors['dora_scale']
  if (magnitude === undefined) return changed
  const row = into * pixels
  const norms = Array.from({ length: out }, (_, o) => Math.hypot(...changed.subarray(o * row, (o + 1) * row)))
  return changed.map(
    (value, at) => (value * (magnitude[Math.floor(at / row)] as number)) / (norms[Math.floor(at / row)] as number),
  )
}

async function valuesIn(file: string, layer: string): Promise<Record<string, Float32Array>> {
  const opened = await SafetensorsFile.open(file)
  const entries: [string, Float32Array][] = []
  for (const key of opened.keys) entries.push([key.slice(layer.length + 1), await opened.readFloat32(key)])
  await opened.close()
  return Object.fromEntries(entries)
}

describe.each(['eager', 'graph'] as const)('with the executor %s', by => {
  beforeAll(() => void unet().useExecutor(executors[by]()))

  test.each(Object.keys(forms))('%s', async name => {
    const weight = weightOf(layerOf[name] as string)
    const { layer, tensors } = (forms[name] as (typeof forms)[string])(weight.shape)
    const file = await writeLora(
      Object.fromEntries(Object.entries(tensors).map(([end, shape]) => [`${layer}.${end}`, { shape }])),
    )
    const [network] = (await readLora(file, { unet: unet() })) as [LoraNetwork]
    loaded.push(network)
    const hooks = network.hooks(unet(), layerWeights(EVERYWHERE, 'unet', WEIGHT))
    const plain = await unet().call(smallInputs(2))
    const hooked = await unet().call(smallInputs(2), { hooks })
    const [old, origin] = [weight.read().slice(), weight.origin]
    weight.load(added(old, weight.shape, await valuesIn(file, layer)))
    const expected = await unet().call(smallInputs(2))
    weight.load(old, origin)
    expect(distance(hooked, plain)).toBeGreaterThan(1e-3)
    expect(distance(hooked, expected)).toBeLessThan(2e-5)
  })
})
