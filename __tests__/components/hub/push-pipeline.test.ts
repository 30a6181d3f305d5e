import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  AutoencoderKL,
  EulerDiscreteScheduler,
  HubRequestError,
  InvalidHubSettingError,
  InvalidRepositoryNameError,
  ModularPipeline,
  StableDiffusionTextToImageBlocks,
} from '../../../index'
import { useTemporaryFolder } from '../checkpoints/temporary-folder'
import { goldenFolder } from '../models/golden-model-case'
import { useBackend } from '../models/use-backend'
import { useHubEnvironment } from './hub-environment'
import { refuse, useHubServer } from './hub-server'

/** Disposed before the check for tensors that are left. */
const pipelines: ModularPipeline[] = []
afterEach(() => {
  for (const pipe of pipelines.splice(0)) (pipe.components['vae'] as AutoencoderKL | undefined)?.dispose()
})
useBackend('wasm')
const folder = useTemporaryFolder()
const server = useHubServer()
useHubEnvironment(folder)

const repoId = 'org/mine'
const target = () => join(folder(), 'my model')
const text = (name: string) => server().files(repoId).get(name)?.toString()
const hub = () => ({ repoId, endpoint: server().endpoint, token: 'hf_write' })

function track(pipe: ModularPipeline): ModularPipeline {
  pipelines.push(pipe)
  return pipe
}

/** Of a VAE and a scheduler alone: quick to save, and to read back. */
async function load(): Promise<ModularPipeline> {
  const vae = await AutoencoderKL.fromPretrained(goldenFolder('vae_sd'), { executor: 'graph' })
  const scheduler = EulerDiscreteScheduler.fromConfig({ steps_offset: 1 })
  return track(new StableDiffusionTextToImageBlocks().initPipeline().updateComponents({ vae, scheduler }))
}

beforeEach(() => {
  server().tokens.add('hf_write')
})
describe('saving a pipeline to a folder and the Hub', () => {
  test('uploads the folder, whose index and card name the repository', async () => {
    const pipe = await load()
    const { pushed, config } = await pipe.savePretrained(target(), {
      pushToHub: { ...hub(), private: true, commitMessage: 'First' },
      modelCard: { license: 'apache-2.0', tags: ['mine'] },
    })
    expect(pushed?.url).toBe(`${server().endpoint}/${repoId}/commit/${pushed?.commit}`)
    expect(server().isPrivate(repoId)).toBe(true)
    expect([...server().files(repoId).keys()].sort()).toEqual([
      'README.md',
      'modular_model_index.json',
      'scheduler/scheduler_config.json',
      'vae/config.json',
      'vae/diffusion_pytorch_model.safetensors',
    ])
    expect(JSON.parse(String(text('modular_model_index.json')))).toEqual(config)
    expect((config as unknown as Record<string, unknown[]>)['vae']?.[2]).toMatchObject({
      pretrained_model_name_or_path: repoId,
      subfolder: 'vae',
      revision: null,
    })
    const card = String(text('README.md'))
    expect(card).toContain('license: apache-2.0\nlibrary_name: diffusers\npipeline_tag: text-to-image\n')
    expect(card).toContain('- mine\n')
    expect(card).toContain("ModularPipeline.fromPretrained('org/mine')\n")
    expect(await readFile(join(target(), 'README.md'), 'utf8')).toBe(card)

    // What was pushed loads from there, and the folder from here.
    const { endpoint, token } = hub()
    const published = track(await ModularPipeline.fromPretrained(repoId, { endpoint, token }))
    await published.loadComponents({ names: ['vae', 'scheduler'], endpoint, token })
    expect(published.components['scheduler']).toBeInstanceOf(EulerDiscreteScheduler)
    expect(published.getComponentSpec('vae')?.loadId).toBe(`${repoId}|vae|null|null`)
    const local = track(new StableDiffusionTextToImageBlocks().initPipeline(target()))
    await local.loadComponents({ names: ['vae'] })
    expect(local.components['vae']).toBeInstanceOf(AutoencoderKL)
  })

  test('takes weights of another form away with the same commit, and leaves everything else', async () => {
    server().commit(repoId, { 'notes.txt': 'mine', 'vae/diffusion_pytorch_model.fp16.safetensors': 'fp16' })
    const pipe = await load()
    await pipe.savePretrained(target(), { pushToHub: hub(), maxShardSize: '40KB' })
    const index = 'vae/diffusion_pytorch_model.safetensors.index.json'
    expect(text(index)).toBeDefined()
    await pipe.pushToHub(repoId, hub())
    const names = [...server().files(repoId).keys()].filter(name => !/json|README/.test(name))
    expect(names.sort()).toEqual([
      'notes.txt',
      'vae/diffusion_pytorch_model.fp16.safetensors',
      'vae/diffusion_pytorch_model.safetensors',
    ])
    expect(text(index)).toBeUndefined()
  })

  test('keeps the card that somebody has written, here or there', async () => {
    const pipe = await load()
    server().commit(repoId, { 'README.md': '# Theirs' })
    await pipe.savePretrained(target(), { pushToHub: hub() })
    expect(text('README.md')).toBe('# Theirs')
    await writeFile(join(target(), 'README.md'), '# Mine')
    await pipe.savePretrained(target(), { pushToHub: hub() })
    expect(text('README.md')).toBe('# Mine')
    await pipe.pushToHub(repoId, hub())
    expect(text('README.md')).toBe('# Mine')
  })

  test('fails before anything is saved if the Hub refuses it', async () => {
    const pipe = await load()
    const save = (given: object) => pipe.savePretrained(target(), { pushToHub: { ...hub(), ...given } })
    await expect(save({ token: false })).rejects.toThrow(InvalidHubSettingError)
    await expect(save({ token: 'hf_unknown' })).rejects.toThrow(HubRequestError)
    await expect(save({ repoId: 'mine' })).rejects.toThrow(InvalidRepositoryNameError)
    expect(await readdir(folder())).toEqual([])
  })

  test('leaves the folder saved where the upload fails', async () => {
    server().faults.push(({ path }, response) => {
      if (!path.includes('/commit/')) return false
      refuse(response, 400, undefined, 'no room')
      return true
    })
    const pipe = await load()
    await expect(pipe.savePretrained(target(), { pushToHub: hub() })).rejects.toThrow(/no room/)
    expect((await readdir(target())).sort()).toEqual(['README.md', 'modular_model_index.json', 'scheduler', 'vae'])
  })
})

test('pushing a pipeline leaves nothing here', async () => {
  const temporary = join(folder(), 'temporary')
  await mkdir(temporary)
  process.env['TMPDIR'] = temporary
  const pipe = await load()
  const { commit } = await pipe.pushToHub(repoId, hub())
  expect(commit).toMatch(/^[0-9a-f]{40}$/)
  expect(text('modular_model_index.json')).toContain('"pretrained_model_name_or_path": "org/mine"')
  expect(text('README.md')).toContain('# StableDiffusionTextToImage Pipeline')
  expect(await readdir(temporary)).toEqual([])
})
