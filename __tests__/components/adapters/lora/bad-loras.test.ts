/** LoRA files that do not fit, or are damaged: typed errors while they are loaded, and nothing changed. */
import { readFile, writeFile } from 'node:fs/promises'
import {
  getActiveAdapters,
  LoraError,
  type LoraProblem,
  loadLoraWeights,
  type ModularPipeline,
  SafetensorsError,
} from '../../../../index'
import { useGraphExecutor } from '../../executors/use-graph-executor'
import { loadPipe, loraFile, removeLoras, writeLora, xlFile } from './lora-files'

const graph = useGraphExecutor()
const LAYER = 'unet.mid_block.attentions.0.transformer_blocks.0.attn1.to_q'

let pipe: ModularPipeline
let emitWarning: jest.SpyInstance
beforeEach(async () => {
  emitWarning = jest.spyOn(process, 'emitWarning').mockImplementation()
  pipe = await loadPipe(graph())
  emitWarning.mockClear()
})
afterEach(() => {
  emitWarning.mockRestore()
  pipe.dispose()
})
afterAll(removeLoras)

async function refused(file: string): Promise<LoraError> {
  const error = await loadLoraWeights(pipe, file).catch((reason: unknown) => reason)
  expect(error).toBeInstanceOf(LoraError)
  expect(getActiveAdapters(pipe)).toEqual([])
  return error as LoraError
}

const expectProblem = async (file: string, problem: LoraProblem, text: string | RegExp) => {
  const error = await refused(file)
  expect(error.problem).toBe(problem)
  expect(error.message).toMatch(text)
  expect(error.message).toContain(file)
}

test('a LoRA for another family says so, with layers', async () => {
  await expectProblem(
    xlFile,
    'wrong-shape',
    /is a LoRA for Stable Diffusion XL, which this pipeline is not: \d+ of \d+ layers have other sizes/,
  )
})

test('keys that match nothing are listed, the first ten', async () => {
  const names = Array.from({ length: 12 }, (_, i) => `lora_unet_double_blocks_${i}_img_mlp_0.lora_down.weight`)
  const file = await writeLora(Object.fromEntries(names.map(name => [name, { shape: [2, 4] }])))
  await expectProblem(
    file,
    'no-match',
    /none of its 12 tensors is for a layer of the pipeline's models ."unet" and "textEncoder"./,
  )
  const { message, keys } = await refused(file)
  expect(message).toMatch(/It looks like a LoRA for Flux. The first keys are: .* and 2 more\.$/)
  expect(keys).toHaveLength(10)
})

test.each([
  [
    'a textual inversion',
    { '<toy>': { shape: [2, 32] } },
    'It looks like a textual inversion. Pass it with --embedding',
  ],
  [
    'an IP-Adapter',
    { 'ip_adapter.1.to_k_ip.weight': { shape: [2, 2] } },
    'It looks like an IP-Adapter. Pass it with --ip-a',
  ],
  [
    'a VAE',
    { 'decoder.up_blocks.0.resnets.0.norm1.weight': { shape: [4] } },
    'It looks like a VAE. Pass it to AutoencoderKL.fromSingleFile().',
  ],
])('the error names the place of %s', async (_, tensors, text) => {
  await expectProblem(await writeLora(tensors), 'no-match', text)
})

test.each([
  ['LoHa', 'lora_unet_mid_block_attentions_0_proj_in.hada_w1_a'],
  ['LoKr', 'lora_unet_mid_block_attentions_0_proj_in.lokr_w2'],
  ['GLoRA', 'lora_unet_mid_block_attentions_0_proj_in.a1.weight'],
  ['OFT', 'lora_unet_mid_block_attentions_0_proj_in.oft_blocks'],
])('%s is refused by name, with the layers', async (method, key) => {
  const file = await writeLora({ [key]: { shape: [2, 2] } })
  await expectProblem(
    file,
    'unsupported-method',
    `changes layers by ${method} (1 layer: lora_unet_mid_block_attentions_0_proj_in)`,
  )
})

test('values that are not finite are found while it is loaded', async () => {
  const [out = 0, into = 0] = shapeOf(pipe)
  const file = await writeLora({
    [`${LAYER}.lora_A.weight`]: { shape: [1, into], values: Array(into).fill(Number.NaN) },
    [`${LAYER}.lora_B.weight`]: { shape: [out, 1] },
  })
  await expectProblem(file, 'non-finite', `${into} of ${into} values of "${LAYER}.lora_A.weight" are NaN or infinite`)
  const alpha = await writeLora({
    [`${LAYER}.lora_A.weight`]: { shape: [1, into] },
    [`${LAYER}.lora_B.weight`]: { shape: [out, 1] },
    [`${LAYER}.alpha`]: { shape: [], values: [Number.POSITIVE_INFINITY] },
  })
  await expectProblem(alpha, 'non-finite', /the alpha of unet.mid_block.* is Infinity/)
})

test('a layer without one of its matrices, or with a wrong shape, is refused', async () => {
  const [out = 0, into = 0] = shapeOf(pipe)
  const half = await writeLora({ [`${LAYER}.lora_A.weight`]: { shape: [1, into] } })
  await expectProblem(half, 'incomplete', /has .*lora_A.weight, and no tensor "up"/)
  const wrong = await writeLora({
    [`${LAYER}.lora_A.weight`]: { shape: [1, into + 1] },
    [`${LAYER}.lora_B.weight`]: { shape: [out, 1] },
  })
  await expectProblem(wrong, 'wrong-shape', `changes from ${into} to ${out} channels, and the file has`)
  const twice = await writeLora({
    [`${LAYER}.lora_A.weight`]: { shape: [1, into] },
    [`${LAYER}.lora.down.weight`]: { shape: [1, into] },
    [`${LAYER}.lora_B.weight`]: { shape: [out, 1] },
  })
  await expectProblem(twice, 'incomplete', /has down of the layer .* twice/)
  const alphas = await writeLora({
    [`${LAYER}.lora_A.weight`]: { shape: [1, into] },
    [`${LAYER}.lora_B.weight`]: { shape: [out, 1] },
    [`${LAYER}.alpha`]: { shape: [3] },
  })
  await expectProblem(alphas, 'wrong-shape', /the alpha of unet\.mid_block.* is a tensor of the shape \[3\]/)
})

test('metadata that PEFT does not write is refused', async () => {
  const [out = 0, into = 0] = shapeOf(pipe)
  const tensors = { [`${LAYER}.lora_A.weight`]: { shape: [1, into] }, [`${LAYER}.lora_B.weight`]: { shape: [out, 1] } }
  const broken = await writeLora(tensors, { lora_adapter_metadata: '{' })
  await expectProblem(broken, 'invalid-metadata', 'is not JSON')
  const odd = await writeLora(tensors, { lora_adapter_metadata: '{"unet.lora_alpha": "big"}' })
  await expectProblem(odd, 'invalid-metadata', /lora_alpha/)
})

test('a truncated file is refused', async () => {
  const file = await writeLora({ a: { shape: [1] } })
  const bytes = await readFile(loraFile('peft'))
  await writeFile(file, bytes.subarray(0, bytes.length / 2))
  await expect(loadLoraWeights(pipe, file)).rejects.toThrow(SafetensorsError)
})

test('keys that match nothing beside others that do cause a warning', async () => {
  const [out = 0, into = 0] = shapeOf(pipe)
  const file = await writeLora({
    [`${LAYER}.lora_A.weight`]: { shape: [1, into] },
    [`${LAYER}.lora_B.weight`]: { shape: [out, 1] },
    'text_encoder_2.text_model.encoder.layers.0.self_attn.q_proj.lora_A.weight': { shape: [1, 8] },
  })
  await loadLoraWeights(pipe, file)
  expect(String(emitWarning.mock.calls[0]?.[0])).toMatch(
    /1 of its 3 tensors are for no layer of this pipeline, and were ignored: .*text_encoder_2/,
  )
})

/** The shape of the layer's weight. */
function shapeOf({ components }: ModularPipeline): readonly number[] {
  const modules = new Map((components as { unet: { namedModules(): Iterable<[string, object]> } }).unet.namedModules())
  return (modules.get(LAYER.replace('unet.', '')) as { weight: { shape: number[] } }).weight.shape
}
