import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import {
  AutoencoderKL,
  BaseGuidance,
  CLIPTextModel,
  CLIPTokenizer,
  ClassifierFreeGuidance,
  DDIMScheduler,
  fetchModelIndex,
  type Image,
  InvalidRepositoryNameError,
  MissingFileError,
  ModelIndexError,
  ModularPipeline,
  OfflineModeError,
  PickleCheckpointError,
  RepositoryNotFoundError,
  RepositoryUnavailableError,
  SafetensorsError,
  SchedulerMixin,
  StableDiffusionAutoBlocks,
  StableDiffusionTextToImageBlocks,
  UNet2DConditionModel,
} from '../../../index'
import { loadIdOf } from '../../../src/params/load-ids'
import { expectWarnings } from '../../expected-warnings'
import { useTemporaryFolder } from '../checkpoints/temporary-folder'
import { useBackend } from '../models/use-backend'
import { useHubEnvironment } from './hub-environment'
import { useHubServer } from './hub-server'
import { emojiFiles, shardedUnet } from './model-repositories'

expectWarnings('UNKNOWN_SIZE')

const folder = useTemporaryFolder()
const server = useHubServer()
useHubEnvironment(folder)
useBackend('wasm')

const options = () => ({ endpoint: server().endpoint, executor: 'eager' })

/** The files of a repository that are cached. */
async function cached(): Promise<string[]> {
  const snapshots = join(folder(), 'hub', 'models--org--emoji', 'snapshots')
  const [commit = ''] = await readdir(snapshots)
  const entries = await readdir(join(snapshots, commit), { recursive: true, withFileTypes: true })
  return entries
    .filter(entry => !entry.isDirectory())
    .map(entry => join(entry.parentPath, entry.name).slice(join(snapshots, commit).length + 1))
    .sort()
}

describe('a component of a repository', () => {
  test('is loaded with its own files alone', async () => {
    server().commit('org/emoji', await emojiFiles())
    const scheduler = await SchedulerMixin.fromPretrained('org/emoji', { subfolder: 'scheduler', ...options() })
    expect(scheduler).toBeInstanceOf(DDIMScheduler)
    expect(await cached()).toEqual(['scheduler/scheduler_config.json'])
    const tokenizer = await CLIPTokenizer.fromPretrained('org/emoji', { subfolder: 'tokenizer', ...options() })
    expect(tokenizer.encode('apple').inputIds[0]?.length).toBeGreaterThan(2)
    const vae = await AutoencoderKL.fromPretrained('org/emoji', { subfolder: 'vae', ...options() })
    vae.dispose()
    expect((await cached()).filter(name => !name.startsWith('tokenizer/'))).toEqual([
      'scheduler/scheduler_config.json',
      'vae/config.json',
      'vae/diffusion_pytorch_model.safetensors',
    ])
  })

  test('may be a guider, and are at the top', async () => {
    server().commit('org/emoji', {
      'guider_config.json': JSON.stringify({ _class_name: 'ClassifierFreeGuidance', guidance_scale: 3 }),
    })
    const guider = await BaseGuidance.fromPretrained('org/emoji', options())
    expect(guider).toBeInstanceOf(ClassifierFreeGuidance)
  })

  test('is loaded from the weights of its variant', async () => {
    const files = await emojiFiles()
    const weights = files['text_encoder/model.safetensors'] as Buffer
    server().commit('org/emoji', { ...files, 'text_encoder/model.fp16.safetensors': weights })
    const model = await CLIPTextModel.fromPretrained('org/emoji', {
      subfolder: 'text_encoder',
      variant: 'fp16',
      ...options(),
    })
    model.dispose()
    expect(await cached()).toEqual(['text_encoder/config.json', 'text_encoder/model.fp16.safetensors'])
  })

  test('is loaded from the shards that its index names', async () => {
    server().commit('org/emoji', await shardedUnet(folder()))
    const unet = await UNet2DConditionModel.fromPretrained('org/emoji', { subfolder: 'unet', ...options() })
    unet.dispose()
    expect(await cached()).toEqual([
      'unet/config.json',
      'unet/diffusion_pytorch_model.safetensors.index.json',
      'unet/part-one.safetensors',
      'unet/part-two.safetensors',
    ])
    const before = server().requests.length
    const again = await UNet2DConditionModel.fromPretrained('org/emoji', {
      subfolder: 'unet',
      localFilesOnly: true,
      ...options(),
    })
    again.dispose()
    expect(server().requests).toHaveLength(before)
  })

  test.each([
    ['leads out of its folder', '../vae/diffusion_pytorch_model.safetensors', SafetensorsError, 'be in "../vae/'],
    ['is not there', 'part-three.safetensors', MissingFileError, 'part-three.safetensors'],
  ])('is refused with an index whose shard %s', async (_, shard, type, problem) => {
    const files = { ...(await emojiFiles()), ...(await shardedUnet(folder())) }
    delete files['unet/diffusion_pytorch_model.safetensors']
    const index = 'unet/diffusion_pytorch_model.safetensors.index.json'
    const text = String(files[index]).replaceAll('part-two.safetensors', shard)
    server().commit('org/emoji', { ...files, [index]: text })
    const failing = UNet2DConditionModel.fromPretrained('org/emoji', { subfolder: 'unet', ...options() })
    await expect(failing).rejects.toThrow(type)
    await expect(failing).rejects.toThrow(problem)
    expect((await cached()).filter(name => name.startsWith('vae/'))).toEqual([])
  })

  test.each(['../other', '/etc', 'a/../../b'])('is in no folder outside of the repository: %s', async subfolder => {
    server().commit('org/emoji', await emojiFiles())
    const failing = SchedulerMixin.fromPretrained('org/emoji', { subfolder, ...options() })
    await expect(failing).rejects.toThrow(InvalidRepositoryNameError)
    expect(server().requests).toEqual([])
  })

  test('says what there is instead of a variant, and fetches no pickle', async () => {
    const files = await emojiFiles()
    server().commit('org/emoji', files)
    const given = { subfolder: 'unet', variant: 'fp32', ...options() }
    const missing = UNet2DConditionModel.fromPretrained('org/emoji', given)
    await expect(missing).rejects.toThrow(MissingFileError)
    await expect(missing).rejects.toThrow('diffusion_pytorch_model.safetensors')
    const config = files['unet/config.json'] as Buffer
    server().commit('org/pickle', { 'unet/config.json': config, 'unet/diffusion_pytorch_model.bin': 'a pickle' })
    const pickle = UNet2DConditionModel.fromPretrained('org/pickle', { subfolder: 'unet', ...options() })
    await expect(pickle).rejects.toThrow(PickleCheckpointError)
    expect(server().seen(/^GET .*\.bin/)).toEqual([])
  })

  test('says that there is neither a folder nor a repository', async () => {
    const missing = UNet2DConditionModel.fromPretrained('models/tpyo', options())
    await expect(missing).rejects.toThrow(RepositoryNotFoundError)
    await expect(missing).rejects.toThrow(/^models\/tpyo: there is no folder of that name here, and no such repository/)
    const offline = UNet2DConditionModel.fromPretrained('models/tpyo', { ...options(), localFilesOnly: true })
    await expect(offline).rejects.toThrow(OfflineModeError)
    await expect(offline).rejects.toThrow(/there is no folder of that name here/)
  })
})

describe('a pipeline of a repository', () => {
  test('says that its index must be fetched first', () => {
    const init = () => new StableDiffusionTextToImageBlocks().initPipeline('org/emoji')
    expect(init).toThrow(RepositoryUnavailableError)
  })

  test('draws the picture that it draws from a folder', async () => {
    server().commit('org/emoji', await emojiFiles(), { branch: 'v1' })
    const given = { endpoint: server().endpoint, revision: 'v1' }
    await fetchModelIndex('org/emoji', given)
    expect(await cached()).toEqual(['model_index.json'])
    const pipe = new StableDiffusionTextToImageBlocks().initPipeline('org/emoji', { revision: 'v1' })
    expect(pipe.getComponentSpec('unet')?.loadId).toBe('org/emoji|unet|null|v1')
    await pipe.loadComponents({ endpoint: server().endpoint, executor: 'eager' })
    const local = new StableDiffusionTextToImageBlocks().initPipeline('models/emoji')
    await local.loadComponents({ executor: 'eager' })
    const inputs = { prompt: 'pizza', numInferenceSteps: 1, height: 32, width: 32 }
    const [remote] = await pipe<Image[]>(inputs, { output: 'images', seed: 1 })
    const [expected] = await local<Image[]>(inputs, { output: 'images', seed: 1 })
    expect(remote?.data).toEqual(expected?.data)
    expect(await cached()).not.toContain('README.md')
    pipe.dispose()
    local.dispose()
  })
})

describe('ModularPipeline.fromPretrained', () => {
  test('fetches the index of a repository and no more; loading fetches the rest', async () => {
    server().commit('org/emoji', await emojiFiles())
    const pipe = await ModularPipeline.fromPretrained('org/emoji', { endpoint: server().endpoint })
    expect(await cached()).toEqual(['model_index.json'])
    expect(pipe.blocks).toBeInstanceOf(StableDiffusionAutoBlocks)
    expect(pipe.getComponentSpec('unet')?.loadId).toBe('org/emoji|unet|null|null')
    await pipe.loadComponents({ names: ['scheduler', 'tokenizer'], ...options() })
    expect(pipe.components.scheduler).toBeInstanceOf(DDIMScheduler)
    expect(loadIdOf(pipe.components.scheduler)).toBe('org/emoji|scheduler|null|null')
  })

  test('reads the modular index of a repository, whose components may be in another', async () => {
    const { 'model_index.json': _, ...files } = await emojiFiles()
    server().commit('org/emoji', files)
    const place = { pretrained_model_name_or_path: 'org/emoji', subfolder: 'scheduler', variant: null, revision: null }
    const index = {
      _blocks_class_name: 'StableDiffusionTextToImageBlocks',
      scheduler: [null, null, { ...place, type_hint: ['diffusers', 'DDIMScheduler'] }],
    }
    server().commit('org/modular', { 'modular_model_index.json': JSON.stringify(index) })
    const pipe = await ModularPipeline.fromPretrained('org/modular', { endpoint: server().endpoint })
    await pipe.loadComponents(options())
    expect(pipe.components.scheduler).toBeInstanceOf(DDIMScheduler)
    expect([...pipe.nullComponentNames].sort()).toEqual(['textEncoder', 'tokenizer', 'unet', 'vae'])
  })

  test('takes the components of its own repository from the revision of the index', async () => {
    const { 'model_index.json': _, ...files } = await emojiFiles()
    const spec = { pretrained_model_name_or_path: 'org/emoji', subfolder: 'scheduler', variant: null, revision: null }
    const index = {
      _blocks_class_name: 'StableDiffusionTextToImageBlocks',
      scheduler: [null, null, { ...spec, type_hint: ['diffusers', 'DDIMScheduler'] }],
    }
    const commit = { ...files, 'modular_model_index.json': JSON.stringify(index) }
    server().commit('org/emoji', commit, { branch: 'v1' })
    const given = { endpoint: server().endpoint, revision: 'v1' }
    const pipe = await ModularPipeline.fromPretrained('org/emoji', given)
    await pipe.loadComponents({ names: ['scheduler'], ...options() })
    expect(loadIdOf(pipe.components.scheduler)).toBe('org/emoji|scheduler|null|v1')
  })

  test('takes all components from the commit of the index, though the branch moves', async () => {
    const files = await emojiFiles()
    const first = server().commit('org/emoji', files)
    const pipe = await ModularPipeline.fromPretrained('org/emoji', { endpoint: server().endpoint })
    const config = JSON.parse(String(files['scheduler/scheduler_config.json']))
    const changed = { ...config, num_train_timesteps: 7 }
    server().commit('org/emoji', { ...files, 'scheduler/scheduler_config.json': JSON.stringify(changed) })
    await pipe.loadComponents({ names: ['scheduler'], ...options() })
    server().commit('org/emoji', { 'README.md': 'all is gone' })
    await pipe.loadComponents({ names: ['tokenizer', 'vae'], ...options() })
    expect((pipe.components.scheduler as DDIMScheduler).config.numTrainTimesteps).toBe(config.num_train_timesteps)
    const snapshots = join(folder(), 'hub', 'models--org--emoji', 'snapshots')
    expect(await readdir(snapshots)).toEqual([first])
    // What is saved, and told, is the branch; a pipeline that is made again takes what it stands for then.
    expect(pipe.getComponentSpec('vae')?.loadId).toBe('org/emoji|vae|null|null')
    expect(pipe.components.vae).toBeInstanceOf(AutoencoderKL)
    pipe.dispose()
    const again = ModularPipeline.fromPretrained('org/emoji', { endpoint: server().endpoint })
    await expect(again).rejects.toThrow(RepositoryUnavailableError)
  })

  test('takes the components of another repository from one commit of it', async () => {
    const { 'model_index.json': _, ...files } = await emojiFiles()
    const first = server().commit('org/emoji', files)
    const place = { pretrained_model_name_or_path: 'org/emoji', variant: null, revision: null }
    const index = {
      _blocks_class_name: 'StableDiffusionTextToImageBlocks',
      scheduler: [null, null, { ...place, subfolder: 'scheduler', type_hint: ['diffusers', 'DDIMScheduler'] }],
      tokenizer: [null, null, { ...place, subfolder: 'tokenizer', type_hint: ['transformers', 'CLIPTokenizer'] }],
    }
    server().commit('org/modular', { 'modular_model_index.json': JSON.stringify(index) })
    const pipe = await ModularPipeline.fromPretrained('org/modular', { endpoint: server().endpoint })
    let hasMoved = false
    // The branch moves while the first component is fetched.
    server().faults.push(({ path }) => {
      if (/resolve.*scheduler_config|resolve.*tokenizer/.test(path) && !hasMoved) {
        hasMoved = true
        server().commit('org/emoji', { 'README.md': 'all is gone' })
      }
      return false
    })
    await pipe.loadComponents({ names: ['scheduler', 'tokenizer'], ...options() })
    expect(hasMoved).toBe(true)
    expect(await readdir(join(folder(), 'hub', 'models--org--emoji', 'snapshots'))).toEqual([first])
    pipe.dispose()
  })

  test('an index that is cached stands for its commit until it is fetched again', async () => {
    const files = await emojiFiles()
    const first = server().commit('org/emoji', files)
    await fetchModelIndex('org/emoji', { endpoint: server().endpoint })
    server().commit('org/emoji', { 'README.md': 'all is gone' })
    const pipe = new StableDiffusionTextToImageBlocks().initPipeline('org/emoji')
    await pipe.loadComponents({ names: ['scheduler'], ...options() })
    expect(await readdir(join(folder(), 'hub', 'models--org--emoji', 'snapshots'))).toEqual([first])
    pipe.dispose()
  })

  test('refuses an index that leads out of the repository', async () => {
    const spec = { pretrained_model_name_or_path: 'org/evil', subfolder: '../../x', variant: null, revision: null }
    const index = {
      _blocks_class_name: 'StableDiffusionTextToImageBlocks',
      scheduler: [null, null, { ...spec, type_hint: ['diffusers', 'DDIMScheduler'] }],
    }
    server().commit('org/evil', { 'modular_model_index.json': JSON.stringify(index) })
    const failing = ModularPipeline.fromPretrained('org/evil', { endpoint: server().endpoint })
    await expect(failing).rejects.toThrow(ModelIndexError)
    await expect(failing).rejects.toThrow(/is outside the model's folder/)
  })
})
