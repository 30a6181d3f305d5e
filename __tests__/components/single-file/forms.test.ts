/** The forms in which the same model is in files are read as one. */
import { rename } from 'node:fs/promises'
import { join } from 'node:path'
import { SafetensorsFile } from '../../../components/checkpoints/safetensors-file'
import { AutoencoderKL } from '../../../components/models/autoencoder-kl/autoencoder-kl'
import { CLIPTextModel } from '../../../components/models/clip-text/clip-text-model'
import { CLIPTextModelWithProjection } from '../../../components/models/clip-text/clip-text-model-with-projection'
import type { PretrainedModel } from '../../../components/models/pretrained-model'
import { UNet2DConditionModel } from '../../../components/models/unet-2d-condition/unet-2d-condition-model'
import { expectWarnings } from '../../expected-warnings'
import { catchWarnings } from '../../src/fixtures/emitted-warnings'
import { useTemporaryFolder } from '../checkpoints/temporary-folder'
import { useBackend } from '../models/use-backend'
import { type Rewrite, rewriteFile, zeros } from './rewritten-file'

// Nothing computes in half precision.
expectWarnings('COMPUTES_IN_FLOAT32')

const goldens = join(__dirname, '..', '..', 'goldens', 'single_file')
const vaeFile = join(goldens, 'vae', 'original.safetensors')
const vaeOptions = { config: join(goldens, 'vae', 'diffusers'), subfolder: '.' }
const sd1File = join(goldens, 'sd1', 'original_ema.safetensors')
const sd1Config = join(goldens, 'sd1', 'diffusers')

useBackend('wasm')
const folder = useTemporaryFolder()

/** All weights, and disposes the model. */
function weightsOf(model: PretrainedModel): Record<string, number[]> {
  const weights = [...model.namedParameters()].map(([name, parameter]) => [name, [...parameter.read()]])
  model.dispose()
  return Object.fromEntries(weights) as Record<string, number[]>
}

describe('A VAE in a file of its own', () => {
  const attention = /attn_1\.(?:q|k|v|proj_out)\.weight$/
  const oldNames: [RegExp, string][] = [
    [/to_q/, 'query'],
    [/to_k/, 'key'],
    [/to_v/, 'value'],
    [/to_out\.0/, 'proj_attn'],
  ]
  const forms: [string, Rewrite][] = [
    ['with the prefix of a whole model', key => ({ key: `first_stage_model.${key}` })],
    ['with the prefix vae.', key => ({ key: `vae.${key}` })],
    [
      'with matrices in place of convolutions',
      (key, shape) => ({ key, shape: attention.test(key) ? shape.slice(0, 2) : shape }),
    ],
  ]

  test.each(forms)('%s', async (_, rewrite) => {
    const file = join(folder(), 'vae.safetensors')
    await rewriteFile(vaeFile, file, rewrite)
    const expected = weightsOf(await AutoencoderKL.fromSingleFile(vaeFile, vaeOptions))
    expect(weightsOf(await AutoencoderKL.fromSingleFile(file, vaeOptions))).toEqual(expected)
  })

  test('in the diffusers layout, also with the old names of attention', async () => {
    const model = await AutoencoderKL.fromSingleFile(vaeFile, vaeOptions)
    await model.savePretrained(folder())
    const expected = weightsOf(model)
    const saved = join(folder(), 'diffusion_pytorch_model.safetensors')
    const old = join(folder(), 'old.safetensors')
    const withOldNames = (key: string) =>
      key.includes('attentions') ? oldNames.reduce((name, [from, to]) => name.replace(from, to), key) : key
    await rewriteFile(saved, old, key => ({ key: withOldNames(key) }))
    expect(weightsOf(await AutoencoderKL.fromSingleFile(saved, vaeOptions))).toEqual(expected)
    expect(weightsOf(await AutoencoderKL.fromSingleFile(old, vaeOptions))).toEqual(expected)
  })

  test('takes the scale that the caller says, and warns of a scale that nobody says', async () => {
    const warnings = catchWarnings()
    const model = await AutoencoderKL.fromSingleFile(vaeFile, vaeOptions)
    const { scalingFactor: _, ...config } = model.config
    model.dispose()
    const scaled = await AutoencoderKL.fromSingleFile(vaeFile, { config: { ...config, scalingFactor: 0.5 } })
    expect(scaled.config.scalingFactor).toBe(0.5)
    scaled.dispose()
    expect(warnings()).toEqual([])
    const unscaled = await AutoencoderKL.fromSingleFile(vaeFile, { config })
    expect(unscaled.config.scalingFactor).toBe(0.18215)
    unscaled.dispose()
    expect(warnings()).toEqual([
      expect.stringMatching(
        /^GUESSED_SETTING: .*scalingFactor 0\.18215, the value of Stable Diffusion 1 and 2, was assumed/,
      ),
    ])
  })
})

describe('A whole model', () => {
  test('whose text encoder lacks the name of its outer part', async () => {
    const file = join(folder(), 'merged.safetensors')
    await rewriteFile(sd1File, file, key => ({ key: key.replace('.text_model.', '.') }))
    const options = { config: sd1Config, subfolder: 'text_encoder' }
    const expected = weightsOf(await CLIPTextModel.fromSingleFile(sd1File, options))
    expect(weightsOf(await CLIPTextModel.fromSingleFile(file, options))).toEqual(expected)
  })

  test('cast to half precision has the numbers of a file of half precision', async () => {
    const file = join(folder(), 'half.safetensors')
    const cast = { config: sd1Config, subfolder: 'vae', dtype: 'float16' } as const
    const model = await AutoencoderKL.fromSingleFile(sd1File, cast)
    await model.savePretrained(folder())
    await rename(join(folder(), 'diffusion_pytorch_model.safetensors'), file)
    const expected = weightsOf(model)
    const half = await AutoencoderKL.fromSingleFile(file, { config: sd1Config, subfolder: 'vae' })
    expect(half.dtype).toBe('float16')
    expect(weightsOf(half)).toEqual(expected)
  })

  test('whose UNet takes the guidance as an input', async () => {
    const file = join(folder(), 'lcm.safetensors')
    const extra = { 'model.diffusion_model.time_embed.cond_proj.weight': zeros(4, 6) }
    await rewriteFile(sd1File, file, key => (key.startsWith('model_ema.') ? undefined : { key }), { extra })
    const plain = await UNet2DConditionModel.fromSingleFile(sd1File, { config: sd1Config })
    // What the file itself tells comes with the settings of the family.
    const { timeCondProjDim: _, ...sizes } = plain.config
    plain.dispose()
    const model = await UNet2DConditionModel.fromSingleFile(file, { config: sizes })
    expect(model.config.timeCondProjDim).toBe(6)
    expect(model.timeEmbedding.condProj?.weight.shape).toEqual([4, 6])
    model.dispose()
  })

  test('leaves every weight in the file, also parts of fused matrices and transposed ones', async () => {
    const file = join(goldens, 'sdxl_refiner', 'original.safetensors')
    const options = { config: join(goldens, 'sdxl_refiner', 'diffusers'), executor: 'graph' }
    const model = await CLIPTextModelWithProjection.fromSingleFile(file, options)
    const checkpoint = await SafetensorsFile.open(file)
    const fused = checkpoint.info('conditioner.embedders.0.model.transformer.resblocks.0.attn.in_proj_weight')
    await checkpoint.close()
    const [q, k, v] = [...model.namedParameters()]
      .flatMap(([name, { source }]) =>
        /layers\.0\.self_attn\.[qkv]_proj\.weight$/.test(name) && source ? [source] : [],
      )
      .sort((a, b) => a.begin - b.begin)
    expect(q?.begin).toBe(fused.begin)
    expect(k?.begin).toBe(q?.end)
    expect(v?.begin).toBe(k?.end)
    expect(v?.end).toBe(fused.end)
    expect(model.parameters().every(parameter => !parameter.isInMemory && parameter.origin?.file === file)).toBe(true)
    expect(model.canOffload).toBe(true)
    // The transpose is read when it is needed: it has no place that a runtime could read it from.
    expect(model.textProjection.weight.source).toBeUndefined()
    model.dispose()
  })

  test('is saved as a folder with the same weights', async () => {
    const file = join(goldens, 'sdxl_refiner', 'original.safetensors')
    const options = { config: join(goldens, 'sdxl_refiner', 'diffusers'), executor: 'graph' }
    const model = await CLIPTextModelWithProjection.fromSingleFile(file, options)
    await model.savePretrained(folder())
    const expected = weightsOf(model)
    expect(weightsOf(await CLIPTextModelWithProjection.fromPretrained(folder()))).toEqual(expected)
  })
})
