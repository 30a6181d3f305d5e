import { cp, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as tf from '@tensorflow/tfjs'
import { SafetensorsError } from '../../../components/checkpoints/safetensors-error'
import { ComponentClassError } from '../../../components/configs/component-class-error'
import { ConfigError } from '../../../components/configs/config-error'
import { eagerExecutor } from '../../../components/executors/eager-executor'
import { MissingFileError } from '../../../components/files/missing-file-error'
import { AutoencoderKL } from '../../../components/models/autoencoder-kl/autoencoder-kl'
import { CLIPTextModel } from '../../../components/models/clip-text/clip-text-model'
import { CLIPTextModelWithProjection } from '../../../components/models/clip-text/clip-text-model-with-projection'
import { UNet2DConditionModel } from '../../../components/models/unet-2d-condition/unet-2d-condition-model'
import { StateDictError } from '../../../components/nn/state-dict-error'
import type { ComponentClass } from '../../../src/params/component-class'
import { catchWarnings } from '../../src/fixtures/emitted-warnings'
import { openFilesIn } from '../checkpoints/open-files'
import { useTemporaryFolder } from '../checkpoints/temporary-folder'
import { goldenFolder } from './golden-model-case'
import { useBackend } from './use-backend'

const source = goldenFolder('unet_class_labels')
const weights = 'diffusion_pytorch_model.safetensors'

describe('loading a model from a folder', () => {
  useBackend('wasm')
  const folder = useTemporaryFolder()

  async function copy(change: (config: Record<string, unknown>) => object = config => config): Promise<string> {
    const config: unknown = JSON.parse(await readFile(join(source, 'config.json'), 'utf8'))
    await writeFile(join(folder(), 'config.json'), JSON.stringify(change(config as Record<string, unknown>)))
    await cp(join(source, weights), join(folder(), weights))
    return folder()
  }

  const classes: ComponentClass[] = [UNet2DConditionModel, AutoencoderKL, CLIPTextModel, CLIPTextModelWithProjection]

  // Made before the weights are looked at, they would fill the memory.
  test.each([
    { layers_per_block: 1e9 },
    { transformer_layers_per_block: 1e9 },
    { transformer_layers_per_block: 1000, layers_per_block: 1000 },
  ])('refuses a UNet of %j', async change => {
    const path = await copy(config => ({ ...config, ...change }))
    await expect(UNet2DConditionModel.fromPretrained(path)).rejects.toThrow(ConfigError)
    await expect(UNet2DConditionModel.fromPretrained(path)).rejects.toThrow(/at most 10000 are made/)
  })

  test('refuses other models of layers without end', () => {
    const vae = { in_channels: 3, out_channels: 3, latent_channels: 4, block_out_channels: [32], layers_per_block: 1e9 }
    const types = { down_block_types: ['DownEncoderBlock2D'], up_block_types: ['UpDecoderBlock2D'] }
    expect(() => AutoencoderKL.fromConfig({ ...vae, ...types })).toThrow(/at most 10000 are made/)
    const text = {
      vocab_size: 9,
      hidden_size: 8,
      intermediate_size: 8,
      num_attention_heads: 1,
      max_position_embeddings: 9,
    }
    expect(() => CLIPTextModel.fromConfig({ ...text, num_hidden_layers: 1e9 })).toThrow(/num_hidden_layers/)
  })

  test.each(classes)('is offered by $name as the container asks for it', async modelClass => {
    await expect(modelClass.fromPretrained?.(folder())).rejects.toThrow(MissingFileError)
    expect(() => modelClass.fromConfig?.({})).toThrow(ConfigError)
  })

  test('takes a subfolder and a variant', async () => {
    await cp(join(source, weights), join(folder(), 'unet', 'diffusion_pytorch_model.half.safetensors'))
    await cp(join(source, 'config.json'), join(folder(), 'unet', 'config.json'))
    const model = await UNet2DConditionModel.fromPretrained(folder(), { subfolder: 'unet', variant: 'half' })
    expect(model.parameters().every(parameter => parameter.isLoaded)).toBe(true)
    model.dispose()
  })

  test('keeps the weights where the caller has a tidy open', async () => {
    tf.engine().startScope('outer')
    const model = await UNet2DConditionModel.fromPretrained(source)
    tf.engine().endScope()
    expect(model.convIn.bias?.tensor.isDisposed).toBe(false)
    model.dispose()
  })

  test('leaves the weights in their files for an executor that reads them itself', async () => {
    const before = tf.memory().numTensors
    const model = await UNet2DConditionModel.fromPretrained(source, { executor: 'graph' })
    expect(model.executor.name).toBe('graph')
    expect(tf.memory().numTensors).toBe(before)
    expect(model.convIn.bias?.source).toMatchObject({ file: join(source, weights), shape: model.convIn.bias?.shape })
    expect(openFilesIn(source)).toEqual([])
    model.dispose()
  })

  test('loads the weights for one that does not', async () => {
    for (const options of [{}, { executor: 'eager' }, { executor: eagerExecutor }]) {
      const model = await UNet2DConditionModel.fromPretrained(source, options)
      expect(model.executor).toBe(eagerExecutor)
      expect(model.parameters().every(parameter => parameter.isLoaded && parameter.source === undefined)).toBe(true)
      model.dispose()
    }
  })

  test('refuses an executor that does not exist', async () => {
    const loading = UNet2DConditionModel.fromPretrained(source, { executor: 'graphs' })
    await expect(loading).rejects.toThrow('Did you mean "graph"?')
    expect(openFilesIn(source)).toEqual([])
  })

  test('refuses a config of another class', async () => {
    const loading = AutoencoderKL.fromPretrained(source)
    await expect(loading).rejects.toThrow(ComponentClassError)
    await expect(loading).rejects.toMatchObject({ expected: 'AutoencoderKL', got: 'UNet2DConditionModel' })
    await expect(CLIPTextModelWithProjection.fromPretrained(goldenFolder('clip_text'))).rejects.toThrow(
      'config.json names the class CLIPTextModel, which CLIPTextModelWithProjection cannot load',
    )
  })

  test('refuses a model for which the index names another class', async () => {
    const loading = CLIPTextModel.fromPretrained(goldenFolder('clip_text'), { className: 'T5EncoderModel' })
    await expect(loading).rejects.toMatchObject({ expected: 'CLIPTextModel', got: 'T5EncoderModel' })
  })

  test('refuses a config with a wrong value and names the file and the key as it is spelt there', async () => {
    const path = await copy(config => ({ ...config, mid_block_type: 'Middle' }))
    const loading = UNet2DConditionModel.fromPretrained(path)
    await expect(loading).rejects.toThrow(ConfigError)
    await expect(loading).rejects.toMatchObject({
      file: join(path, 'config.json'),
      problems: [{ key: 'mid_block_type', problem: expect.stringContaining('"Middle" is not supported') }],
    })
  })

  test('loads a config that holds NaN as Python writes it, and names it where a number is needed', async () => {
    const path = await copy()
    const file = join(path, 'config.json')
    const text = await readFile(file, 'utf8')
    await writeFile(file, text.replace('{', '{"note": NaN, '))
    const warnings = catchWarnings()
    const model = await UNet2DConditionModel.fromPretrained(path)
    expect(model.config).not.toHaveProperty('note')
    expect(warnings()).toEqual([expect.stringMatching(/^UNREAD_CONFIG_KEYS: .*"note"/)])
    model.dispose()
    await writeFile(file, text.replace(/"norm_eps":\s*[^,}]+/, '"norm_eps": NaN'))
    await expect(UNet2DConditionModel.fromPretrained(path)).rejects.toThrow(/norm_eps: .*\bNaN\b/)
  })

  test('refuses weights of another size, with every key in one error', async () => {
    const path = await copy(config => ({ ...config, cross_attention_dim: 12, num_class_embeds: null }))
    const error = await UNet2DConditionModel.fromPretrained(path).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(StateDictError)
    const { missing, unexpected, misshapen } = error as StateDictError
    expect(missing).toEqual([])
    expect(unexpected).toEqual(['class_embedding.weight'])
    expect(misshapen).toContainEqual({
      key: 'mid_block.attentions.0.transformer_blocks.0.attn2.to_k.weight',
      expected: [16, 12],
      got: [16, 16],
    })
    expect(openFilesIn(path)).toEqual([])
  })

  test('refuses a folder without a config, without weights, or that is not there', async () => {
    await expect(UNet2DConditionModel.fromPretrained(join(folder(), 'nothing'))).rejects.toThrow(MissingFileError)
    await expect(UNet2DConditionModel.fromPretrained(folder())).rejects.toThrow('config.json')
    await cp(join(source, 'config.json'), join(folder(), 'config.json'))
    await expect(UNet2DConditionModel.fromPretrained(folder())).rejects.toThrow(weights)
  })

  test('leaves nothing behind where the file ends too early', async () => {
    const path = await copy()
    const bytes = await readFile(join(path, weights))
    await writeFile(join(path, weights), bytes.subarray(0, bytes.length / 2))
    await expect(UNet2DConditionModel.fromPretrained(path)).rejects.toThrow(SafetensorsError)
    expect(openFilesIn(path)).toEqual([])
  })

  test('stops when the signal fires, and leaves nothing behind', async () => {
    const path = await copy()
    const controller = new AbortController()
    const reason = new Error('no longer wanted')
    const loading = UNet2DConditionModel.fromPretrained(path, { signal: controller.signal })
    controller.abort(reason)
    await expect(loading).rejects.toBe(reason)
    await expect(UNet2DConditionModel.fromPretrained(path, { signal: controller.signal })).rejects.toBe(reason)
    expect(openFilesIn(path)).toEqual([])
  })
})
