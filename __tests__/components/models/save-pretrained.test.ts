import { createHash } from 'node:crypto'
import { cp, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { openCheckpoint } from '../../../components/checkpoints/open-checkpoint'
import { SafetensorsFile } from '../../../components/checkpoints/safetensors-file'
import { fromFloat32 } from '../../../components/checkpoints/weight-dtypes'
import { type WeightTensor, writeSafetensors } from '../../../components/checkpoints/write-safetensors'
import { AutoencoderKL } from '../../../components/models/autoencoder-kl/autoencoder-kl'
import { CLIPTextModel } from '../../../components/models/clip-text/clip-text-model'
import { CLIPTextModelWithProjection } from '../../../components/models/clip-text/clip-text-model-with-projection'
import type { PretrainedModel } from '../../../components/models/pretrained-model'
import { UNet2DConditionModel } from '../../../components/models/unet-2d-condition/unet-2d-condition-model'
import type { FromPretrainedOptions } from '../../../src/params/component-class'
import { openFilesIn } from '../checkpoints/open-files'
import { useTemporaryFolder } from '../checkpoints/temporary-folder'
import { goldenFolder } from './golden-model-case'
import { useBackend } from './use-backend'

const weights = 'diffusion_pytorch_model.safetensors'

interface ModelClass {
  readonly name: string
  fromPretrained(path: string, options?: FromPretrainedOptions): Promise<PretrainedModel>
}

/** The tensors of a folder by name: what they are, and their bytes. */
async function tensorsIn(folder: string, weightsName: 'model' | 'diffusion_pytorch_model', variant?: string) {
  const checkpoint = await openCheckpoint(folder, { weightsName, variant })
  const tensors: Record<string, WeightTensor> = {}
  for (const key of [...checkpoint.keys].sort()) {
    const { dtype, shape } = checkpoint.info(key)
    // transformers 5 leaves the prefix out of one of its classes; what is written has it.
    const name = weightsName === 'model' && !key.startsWith('text_') ? `text_model.${key}` : key
    tensors[name] = { dtype, shape, data: await checkpoint.readBytes(key) }
  }
  await checkpoint.close()
  return tensors
}

/** The same, short enough to compare: type, shape and digest of the bytes. */
async function digestsIn(...given: Parameters<typeof tensorsIn>): Promise<Record<string, string>> {
  const tensors = Object.entries(await tensorsIn(...given))
  return Object.fromEntries(
    tensors.map(([key, { dtype, shape, data }]) => [key, `${dtype} ${shape} ${digest(data as ArrayBufferView)}`]),
  )
}

function digest(data: ArrayBufferView): string {
  return createHash('sha256')
    .update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
    .digest('hex')
}

describe('saving a model', () => {
  useBackend('wasm')
  const folder = useTemporaryFolder()
  const saved = () => join(folder(), 'saved')

  const cases: [ModelClass, string, 'model' | 'diffusion_pytorch_model'][] = [
    [UNet2DConditionModel, 'unet_sdxl', 'diffusion_pytorch_model'],
    [AutoencoderKL, 'vae_sd', 'diffusion_pytorch_model'],
    [CLIPTextModel, 'clip_text', 'model'],
    [CLIPTextModelWithProjection, 'clip_text_projection', 'model'],
  ]
  const executors = ['eager', 'graph'].flatMap(executor => cases.map(given => [...given, executor] as const))

  test.each(executors)('%p of %s writes the same bytes (%s, %s)', async (modelClass, name, weightsName, executor) => {
    const model = await modelClass.fromPretrained(goldenFolder(name), { executor })
    await model.savePretrained(saved())
    const [source, copy] = [await digestsIn(goldenFolder(name), weightsName), await digestsIn(saved(), weightsName)]
    for (const key of Object.keys(source)) if (key.endsWith('position_ids')) delete source[key]
    expect(copy).toEqual(source)
    const again = await modelClass.fromPretrained(saved())
    expect(again.config).toEqual(model.config)
    expect((await readdir(saved())).sort()).toEqual(['config.json', `${weightsName}.safetensors`])
    model.dispose()
    again.dispose()
    expect(openFilesIn(folder())).toEqual([])
  })

  test.each(['F16', 'BF16', 'F64'] as const)('keeps weights of type %s, from the file and from memory', async dtype => {
    const source = join(folder(), 'source')
    await cp(goldenFolder('unet_class_labels'), source, { recursive: true })
    const float32 = await tensorsIn(source, 'diffusion_pytorch_model')
    const tensors = Object.fromEntries(
      Object.entries(float32).map(([key, { shape, data }]) => [
        key,
        { dtype, shape, data: fromFloat32(dtype, new Float32Array((data as Uint8Array).buffer as ArrayBuffer)) },
      ]),
    )
    await writeSafetensors(join(source, weights), tensors, { format: 'pt' })
    const expected = await digestsIn(source, 'diffusion_pytorch_model')
    const model = await UNet2DConditionModel.fromPretrained(source, { executor: 'eager' })
    await model.savePretrained(saved())
    expect(await digestsIn(saved(), 'diffusion_pytorch_model')).toEqual(expected)

    // The file is gone: the numbers in memory are exact, and go back to the type that they had.
    await writeFile(join(source, weights), 'something else')
    await model.savePretrained(join(folder(), 'from memory'))
    expect(await digestsIn(join(folder(), 'from memory'), 'diffusion_pytorch_model')).toEqual(expected)
    model.dispose()
  })

  test('saves weights that were made here as float32', async () => {
    const model = UNet2DConditionModel.fromConfig(
      JSON.parse(await readFile(join(goldenFolder('unet_class_labels'), 'config.json'), 'utf8')),
    )
    await expect(model.savePretrained(saved())).rejects.toMatchObject({ code: 'WEIGHTS_NOT_LOADED' })
    expect(await readdir(folder())).toEqual([])
    for (const [i, parameter] of model.parameters().entries()) {
      parameter.load(Float32Array.from({ length: parameter.size }, (_, j) => i + j / 1000))
    }
    await model.savePretrained(saved())
    const again = await UNet2DConditionModel.fromPretrained(saved(), { executor: 'eager' })
    for (const [i, parameter] of again.parameters().entries()) {
      expect(parameter.read()).toEqual(model.parameters()[i]?.read())
      expect(parameter.origin?.dtype).toBe('F32')
    }
    model.dispose()
    again.dispose()
  })

  test('spreads weights over files of a size, with an index', async () => {
    const model = await AutoencoderKL.fromPretrained(goldenFolder('vae_sd'), { executor: 'graph' })
    await model.savePretrained(saved(), { maxShardSize: '40KB', variant: 'fp16' })
    const files = (await readdir(saved())).sort()
    const count = files.length - 2
    expect(count).toBeGreaterThan(2)
    const shards = Array.from({ length: count }, (_, i) => {
      const place = [i + 1, count].map(number => String(number).padStart(5, '0')).join('-of-')
      return `diffusion_pytorch_model.fp16-${place}.safetensors`
    })
    const index = 'diffusion_pytorch_model.safetensors.index.fp16.json'
    expect(files).toEqual(['config.json', ...shards, index].sort())
    expect(await digestsIn(saved(), 'diffusion_pytorch_model', 'fp16')).toEqual(
      await digestsIn(goldenFolder('vae_sd'), 'diffusion_pytorch_model'),
    )
    const { metadata } = JSON.parse(await readFile(join(saved(), index), 'utf8')) as { metadata: object }
    const bytes = model.parameters().reduce((sum, parameter) => sum + 4 * parameter.size, 0)
    expect(metadata).toEqual({ total_size: bytes })

    // Of a variant the old files go, of others they stay.
    await model.savePretrained(saved(), { variant: 'fp16' })
    await model.savePretrained(saved())
    expect((await readdir(saved())).sort()).toEqual(
      ['config.json', 'diffusion_pytorch_model.fp16.safetensors', weights].sort(),
    )
    model.dispose()
  })

  test.each(['eager', 'graph'])('may replace the files that it is in, computing by %s', async executor => {
    await cp(goldenFolder('vae_sd'), saved(), { recursive: true })
    const model = await AutoencoderKL.fromPretrained(saved(), { executor })
    const expected = await digestsIn(saved(), 'diffusion_pytorch_model')
    for (const maxShardSize of ['40KB', '5GB']) {
      await model.savePretrained(saved(), { maxShardSize })
      expect(await digestsIn(saved(), 'diffusion_pytorch_model')).toEqual(expected)
      for (const [name, parameter] of model.namedParameters()) {
        expect(parameter.origin).toMatchObject(
          await SafetensorsFile.open(String(parameter.origin?.file)).then(async file => {
            const info = file.info(name)
            await file.close()
            return info
          }),
        )
        expect(expected[name]).toContain(digest(parameter.read()))
      }
    }
    model.dispose()
  })

  test('says that its file was written to since, and keeps what was saved before', async () => {
    const source = join(folder(), 'source')
    await cp(goldenFolder('vae_sd'), source, { recursive: true })
    const model = await AutoencoderKL.fromPretrained(source, { executor: 'graph' })
    await model.savePretrained(saved())
    const before = await readdir(saved())
    await writeFile(join(source, weights), 'something else')
    await expect(model.savePretrained(saved())).rejects.toMatchObject({
      code: 'SAFETENSORS',
      problem: 'changed',
      file: join(source, weights),
    })
    expect(await readdir(saved())).toEqual(before)
    expect((await readdir(folder())).sort()).toEqual(['saved', 'source'])
    model.dispose()
  })

  test('stops at a signal and leaves nothing', async () => {
    const model = await AutoencoderKL.fromPretrained(goldenFolder('vae_sd'), { executor: 'graph' })
    const controller = new AbortController()
    const saving = model.savePretrained(saved(), { signal: controller.signal })
    controller.abort()
    await expect(saving).rejects.toThrow(controller.signal.reason)
    expect(await readdir(folder())).toEqual([])
    model.dispose()
  })

  test('writes no pickles, and wants a size and a plain variant', async () => {
    const model = await AutoencoderKL.fromPretrained(goldenFolder('vae_sd'), { executor: 'graph' })
    await expect(model.savePretrained(saved(), { safeSerialization: false })).rejects.toMatchObject({
      code: 'UNSAFE_SERIALIZATION',
    })
    for (const maxShardSize of ['big', '', '5 parsecs', 0, -1, Number.NaN]) {
      await expect(model.savePretrained(saved(), { maxShardSize })).rejects.toMatchObject({
        code: 'INVALID_BYTE_SIZE',
      })
    }
    for (const variant of ['', '.', '../fp16', '/../../fp16', 'fp 16', 'a..b', '.fp16']) {
      await expect(model.savePretrained(saved(), { variant })).rejects.toMatchObject({
        code: 'INVALID_VARIANT',
        variant,
      })
    }
    expect(await readdir(folder())).toEqual([])
    model.dispose()
  })
})
