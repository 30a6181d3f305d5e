/** A file in a repository is fetched, and no other file of it. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  AutoencoderKL,
  MissingRepositoryFileError,
  ModularPipeline,
  RepositoryUnavailableError,
  StableDiffusionAutoBlocks,
} from '../../../index'
import { parseRepositoryFile } from '../../../src/hub/single-file-source'
import { useTemporaryFolder } from '../checkpoints/temporary-folder'
import { useHubEnvironment } from '../hub/hub-environment'
import { useHubServer } from '../hub/hub-server'
import { useBackend } from '../models/use-backend'

const goldens = join(__dirname, '..', '..', 'goldens', 'single_file')
const folder = useTemporaryFolder()
const server = useHubServer()
useHubEnvironment(folder)
useBackend('wasm')

const options = () => ({ endpoint: server().endpoint })
const config = join(goldens, 'sd1', 'diffusers')

beforeEach(async () => {
  const model = await readFile(join(goldens, 'sd1', 'original_ema.safetensors'))
  const files = {
    'model.safetensors': model,
    'deep/er/vae.safetensors': model,
    'other.safetensors': Buffer.from('other'),
    'README.md': Buffer.from('#'),
  }
  server().commit('org/single', files, { branch: 'main' })
})

test.each([
  ['org/name/a.safetensors', { repository: 'org/name', path: 'a.safetensors', revision: undefined }],
  ['org/name/in/a.safetensors', { repository: 'org/name', path: 'in/a.safetensors', revision: undefined }],
  [
    'https://huggingface.co/org/name/blob/main/a.safetensors',
    { repository: 'org/name', path: 'a.safetensors', revision: 'main' },
  ],
  [
    'https://huggingface.co/org/name/resolve/v1/a.safetensors?download=true',
    { repository: 'org/name', path: 'a.safetensors', revision: 'v1' },
  ],
  ['hf.co/org/name/a.ckpt', { repository: 'org/name', path: 'a.ckpt', revision: undefined }],
  ['org/name/../a.safetensors', undefined],
  ['org/name', undefined],
  ['org/name/a.txt', undefined],
  // A folder here, in which the file is missing.
  ['components/name/a.safetensors', undefined],
])('%s', (name, expected) => {
  expect(parseRepositoryFile(name)).toEqual(expected)
})

test.each(['org/single/model.safetensors', 'https://huggingface.co/org/single/blob/main/model.safetensors'])(
  'a pipeline of %s',
  async name => {
    expect(() => new StableDiffusionAutoBlocks().initPipeline(name)).toThrow(RepositoryUnavailableError)
    const pipe = await ModularPipeline.fromSingleFile(name, options())
    expect(pipe.getComponentSpec('unet')).toMatchObject({
      pretrainedModelNameOrPath: 'org/single/model.safetensors',
      subfolder: 'unet',
    })
    await pipe.loadComponents({ names: 'scheduler', ...options() })
    expect(server().seen(/other|README|vae/)).toEqual([])
    pipe.dispose()
    const before = server().requests.length
    new StableDiffusionAutoBlocks().initPipeline('org/single/model.safetensors').dispose()
    expect(server().requests).toHaveLength(before)
  },
)

test('a model of a file in a folder of a repository, which is fetched once', async () => {
  const load = () =>
    AutoencoderKL.fromSingleFile('org/single/deep/er/vae.safetensors', {
      config,
      subfolder: 'vae',
      ...options(),
      executor: 'eager',
    })
  ;(await load()).dispose()
  ;(await load()).dispose()
  expect(server().seen(/GET .*deep\/er\/vae\.safetensors/)).toHaveLength(1)
})

test('a file that the repository does not have', async () => {
  await expect(ModularPipeline.fromSingleFile('org/single/nothing.safetensors', options())).rejects.toThrow(
    MissingRepositoryFileError,
  )
})
