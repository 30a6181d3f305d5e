import { mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { inspect } from 'node:util'
import {
  HubRequestError,
  InvalidHubSettingError,
  InvalidRepositoryNameError,
  MissingFileError,
  type PushToHubOptions,
  pushToHub,
  snapshotDownload,
  TokenRefusedError,
  UnreadableFileError,
} from '../../../components'
import { nameOfDeadProcess } from '../../src/files/dead-process'
import { useTemporaryFolder } from '../checkpoints/temporary-folder'
import { useHubEnvironment } from './hub-environment'
import { refuse, useHubServer } from './hub-server'

const folder = useTemporaryFolder()
const server = useHubServer()
useHubEnvironment(folder)

const TOKEN = 'hf_write'
const model = () => join(folder(), 'model')
const push = (options: Partial<PushToHubOptions> = {}) =>
  pushToHub(model(), { repoId: 'org/new', endpoint: server().endpoint, token: TOKEN, retryDelay: 1, ...options })
const text = (name: string, branch?: string) => server().files('org/new', branch).get(name)?.toString()

beforeEach(async () => {
  for (const token of [TOKEN, 'hf_read', 'secret']) server().tokens.add(token)
  await mkdir(join(model(), 'unet', '.cache'), { recursive: true })
  await writeFile(join(model(), 'model_index.json'), '{"a": 1}')
  await writeFile(join(model(), 'unet', 'model.safetensors'), Buffer.alloc(2_000_000, 'weights'))
  await writeFile(join(model(), 'unet', '.cache', 'left-over'), '')
  await symlink(join('..', 'model_index.json'), join(model(), 'unet', 'config.json'))
})

describe('pushToHub', () => {
  test('makes the repository and commits all files, large ones by way of the storage', async () => {
    const pushed = await push({ private: true, commitMessage: 'First' })
    expect(pushed).toEqual({
      commit: expect.stringMatching(/^[0-9a-f]{40}$/),
      url: `${server().endpoint}/org/new/commit/${pushed.commit}`,
    })
    expect([...server().files('org/new').keys()].sort()).toEqual([
      'model_index.json',
      'unet/config.json',
      'unet/model.safetensors',
    ])
    expect(text('unet/config.json')).toBe('{"a": 1}')
    expect(server().isPrivate('org/new')).toBe(true)
    const hosts = server().requests.map(({ host, headers }) => `${host} ${headers.authorization}`)
    expect(new Set(hosts)).toEqual(new Set([`hub Bearer ${TOKEN}`, 'storage undefined']))
  })

  test('returns what was pushed', async () => {
    await push()
    const path = await snapshotDownload('org/new', { endpoint: server().endpoint })
    expect((await readFile(join(path, 'unet', 'model.safetensors'))).equals(Buffer.alloc(2_000_000, 'weights'))).toBe(
      true,
    )
  })

  test('adds to a repository that exists', async () => {
    server().commit('org/new', { 'README.md': 'old' })
    await push()
    expect(text('README.md')).toBe('old')
    expect(text('model_index.json')).toBe('{"a": 1}')
  })

  test('makes a branch and writes to it, or to one that exists, or proposes', async () => {
    await push({ revision: 'feature/dev' })
    expect(text('model_index.json', 'feature/dev')).toBe('{"a": 1}')
    await writeFile(join(model(), 'model_index.json'), '{"a": 2}')
    await push({ revision: 'feature/dev' })
    expect(text('model_index.json', 'feature/dev')).toBe('{"a": 2}')
    await writeFile(join(model(), 'model_index.json'), '{"a": 1}')
    const { pullRequestUrl } = await push({ createPr: true })
    expect(pullRequestUrl).toBe(`${server().endpoint}/org/new/discussions/1`)
    expect(text('model_index.json')).toBeUndefined()
  })

  test('takes a token of any form', async () => {
    await push({ token: 'secret' })
    expect(text('model_index.json')).toBe('{"a": 1}')
  })

  test('writes to a repository that is there with a token that may make none', async () => {
    server().commit('org/new', {})
    server().faults.push(({ path }, response) => {
      if (path !== '/api/repos/create') return false
      refuse(response, 403, undefined, 'you may make no repositories')
      return true
    })
    await push()
    expect(text('model_index.json')).toBe('{"a": 1}')
    await expect(push({ repoId: 'org/none' })).rejects.toThrow(TokenRefusedError)
  })

  test('refuses to begin without a token, a folder, files or an id', async () => {
    await expect(push({ token: false })).rejects.toThrow(InvalidHubSettingError)
    await expect(push({ repoId: 'new' })).rejects.toThrow(InvalidRepositoryNameError)
    await expect(pushToHub(join(folder(), 'nowhere'), { repoId: 'org/new' })).rejects.toThrow(MissingFileError)
    await expect(push({ revision: '../x' })).rejects.toThrow(InvalidRepositoryNameError)
    await mkdir(join(folder(), 'empty'))
    await expect(pushToHub(join(folder(), 'empty'), { repoId: 'org/new' })).rejects.toThrow(/The folder is empty/)
    await mkdir(join(folder(), 'tools', '.cache'), { recursive: true })
    await writeFile(join(folder(), 'tools', '.cache', 'a'), '')
    await expect(pushToHub(join(folder(), 'tools'), { repoId: 'org/new' })).rejects.toThrow(
      /The folder holds "?\.cache/,
    )
    await expect(pushToHub(join(model(), 'model_index.json'), { repoId: 'org/new' })).rejects.toThrow(MissingFileError)
    process.env['HF_HUB_OFFLINE'] = '1'
    await expect(push()).rejects.toThrow(/HF_HUB_OFFLINE is set/)
    expect(server().requests).toEqual([])
  })

  test.each([
    ['a link to nothing', 'nowhere', /it is a broken link/],
    ['a link in circles', '..', /link to a folder that it is in/],
  ])('refuses a folder with %s', async (_, target, problem) => {
    await symlink(target, join(model(), 'unet', 'link'))
    await expect(push()).rejects.toThrow(UnreadableFileError)
    await expect(push()).rejects.toThrow(problem)
    expect(server().requests).toEqual([])
  })

  test('leaves out what is not written to its end, and takes folders that are linked', async () => {
    await writeFile(nameOfDeadProcess(join(model(), 'model.safetensors'), 'temporary'), 'half')
    const aside = nameOfDeadProcess(join(model(), 'vae'), 'aside')
    await mkdir(aside)
    await writeFile(join(aside, 'config.json'), 'old')
    await mkdir(join(folder(), 'shared'))
    await writeFile(join(folder(), 'shared', 'config.json'), 'shared')
    await symlink(join(folder(), 'shared'), join(model(), 'vae'))
    await push()
    expect([...server().files('org/new').keys()].sort()).toEqual([
      'model_index.json',
      'unet/config.json',
      'unet/model.safetensors',
      'vae/config.json',
    ])
  })

  test('leaves out packages, and what the patterns say', async () => {
    for (const path of ['node_modules/a/index.js', 'unet/node_modules/b.json', 'block.js', '.env', 'secret.json']) {
      await mkdir(join(model(), path, '..'), { recursive: true })
      await writeFile(join(model(), path), 'x')
    }
    await push({ allowPatterns: ['*.js', '*.json'], ignorePatterns: 'secret*' })
    expect([...server().files('org/new').keys()].sort()).toEqual(['block.js', 'model_index.json', 'unet/config.json'])
    await push({ ignorePatterns: '*.safetensors' })
    expect([...server().files('org/new').keys()].sort()).toEqual([
      '.env',
      'block.js',
      'model_index.json',
      'secret.json',
      'unet/config.json',
    ])
    await expect(push({ allowPatterns: '*.py' })).rejects.toThrow(MissingFileError)
  })

  test('names the file that goes away while it is pushed', async () => {
    server().faults.push(async ({ path }) => {
      if (path.includes('/preupload/')) await rm(join(model(), 'unet', 'model.safetensors'), { force: true })
      return false
    })
    const error = await push().catch(error => error)
    expect(error).toBeInstanceOf(UnreadableFileError)
    expect(error.message).toContain('model.safetensors cannot be read: ENOENT')
  })

  test('says that a token is not valid, and does not repeat it', async () => {
    const error = await push({ token: 'hf_wrong' }).catch(error => error)
    expect(error).toMatchObject({ code: 'TOKEN_REFUSED', status: 401 })
    expect(inspect(error, { depth: 9, showHidden: true })).not.toContain('hf_wrong')
  })

  test('says that a token may not write', async () => {
    server().commit('org/new', { 'README.md': 'old' })
    await expect(push({ token: 'hf_read' })).rejects.toThrow(/does not allow this/)
    expect([...server().files('org/new').keys()]).toEqual(['README.md'])
  })

  test('commits nothing when a large file does not arrive', async () => {
    server().faults.push(({ method }, response) => {
      if (method !== 'PUT') return false
      refuse(response, 400, undefined, 'no room')
      return true
    })
    await expect(push()).rejects.toThrow(HubRequestError)
    expect([...server().files('org/new').keys()]).toEqual([])
  })

  test('sends a large file again that broke off', async () => {
    let times = 1
    server().faults.push(({ method }, response) => method === 'PUT' && times-- > 0 && Boolean(response.destroy()))
    await push()
    expect(server().files('org/new').get('unet/model.safetensors')).toHaveLength(2_000_000)
  })

  test('stops when it is told to', async () => {
    await expect(push({ signal: AbortSignal.abort() })).rejects.toMatchObject({ name: 'AbortError' })
    const controller = new AbortController()
    server().faults.push(({ method }) => {
      if (method === 'PUT') controller.abort()
      return false
    })
    await expect(push({ signal: controller.signal })).rejects.toMatchObject({ name: 'AbortError' })
    expect([...server().files('org/new').keys()]).toEqual([])
  })
})
