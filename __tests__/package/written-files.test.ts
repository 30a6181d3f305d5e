/** Whatever writes a file over one that is there keeps its permissions, and writes through a link. */
import { chmod, lstat, mkdir, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { Linear } from '../../components/nn/linear'
import { Module } from '../../components/nn/module'
import type * as tf from '../../components/tensors/tf'
import {
  DDIMScheduler,
  exportOnnx,
  hubDownload,
  Image,
  loadMellonConfig,
  MellonPipelineConfig,
  PipelineState,
  saveMellonConfig,
  TensorPlaceholder,
  writeSafetensors,
} from '../../index'
import { useTemporaryFolder } from '../components/checkpoints/temporary-folder'
import { useHubServer } from '../components/hub/hub-server'
import { useBackend } from '../components/models/use-backend'

useBackend('cpu')
const folder = useTemporaryFolder()
const server = useHubServer()

class Small extends Module {
  readonly layer = new Linear(2, 3)

  forward({ rows }: { rows: tf.Tensor2D }): tf.Tensor2D {
    return this.layer.forward(rows)
  }
}

async function exportSmall(file: string | URL): Promise<void> {
  const model = new Small()
  for (const parameter of model.parameters()) parameter.load(new Float32Array(parameter.size))
  const inputs = { rows: new TensorPlaceholder([1, 2]) }
  await exportOnnx<object>({ model, forward: given => model.forward(given as { rows: tf.Tensor2D }), inputs }, file)
  model.dispose()
}

const image = new Image({ width: 1, height: 1, channels: 3, data: Uint8Array.of(1, 2, 3) })
const state = () => {
  const made = new PipelineState()
  made.set('steps', 3)
  return made
}

/** What writes a file of a name in a folder. */
const writers: [name: string, write: (folder: string) => Promise<unknown>][] = [
  ['model.onnx', place => exportSmall(pathToFileURL(join(place, 'model.onnx')))],
  ['state.safetensors', place => state().save(join(place, 'state.safetensors'))],
  ['weights.safetensors', place => writeSafetensors(join(place, 'weights.safetensors'), {})],
  ['picture.png', place => image.save(join(place, 'picture.png'))],
  ['mellon_pipeline_config.json', place => saveMellonConfig(MellonPipelineConfig.fromDict({ node_params: {} }), place)],
  ['scheduler_config.json', place => new DDIMScheduler().savePretrained(place)],
]

describe.each(writers)('%s', (name, write) => {
  const file = () => join(folder(), 'place', name)

  beforeEach(() => mkdir(join(folder(), 'place')))

  test('keeps its permissions', async () => {
    await writeFile(file(), 'old')
    await chmod(file(), 0o600)
    await write(join(folder(), 'place'))
    expect((await stat(file())).mode & 0o777).toBe(0o600)
    expect((await stat(file())).size).not.toBe(3)
    expect(await readdir(join(folder(), 'place'))).toEqual([name])
  })

  test('is written through a link', async () => {
    await writeFile(join(folder(), 'real'), 'old')
    await chmod(join(folder(), 'real'), 0o640)
    await symlink(join('..', 'real'), file())
    await write(join(folder(), 'place'))
    expect((await lstat(file())).isSymbolicLink()).toBe(true)
    const real = await stat(join(folder(), 'real'))
    expect([real.mode & 0o777, real.size === 3]).toEqual([0o640, false])
  })
})

test('a Mellon file is read back through its link', async () => {
  await writeFile(join(folder(), 'real'), '')
  await symlink('real', join(folder(), 'mellon_pipeline_config.json'))
  await saveMellonConfig(MellonPipelineConfig.fromDict({ label: 'x', node_params: {} }), folder())
  expect((await loadMellonConfig(folder())).label).toBe('x')
})

test('what the cache of the Hub keeps of a branch stays private', async () => {
  const options = { endpoint: server().endpoint, token: false, cacheDir: folder() } as const
  server().commit('org/tiny', { 'config.json': '{"a": 1}' })
  await hubDownload('org/tiny', 'config.json', options)
  const ref = join(folder(), 'models--org--tiny', 'refs', 'main')
  const before = await readFile(ref, 'utf8')
  await chmod(ref, 0o600)
  server().commit('org/tiny', { 'config.json': '{"a": 2}' })
  const file = await hubDownload('org/tiny', 'config.json', options)
  expect(await readFile(file, 'utf8')).toBe('{"a": 2}')
  expect([(await stat(ref)).mode & 0o777, (await readFile(ref, 'utf8')) === before]).toEqual([0o600, false])
})

test('a download whose place somebody has linked elsewhere does not write there', async () => {
  const options = { endpoint: server().endpoint, token: false, cacheDir: folder() } as const
  server().commit('org/tiny', { 'config.json': '{}' })
  const file = await hubDownload('org/tiny', 'config.json', options)
  await rm(file)
  await writeFile(join(folder(), 'mine'), 'mine')
  await symlink(join(folder(), 'mine'), file)
  await rm(join(folder(), 'models--org--tiny', 'blobs'), { recursive: true })
  await hubDownload('org/tiny', 'config.json', options)
  expect(await readFile(join(folder(), 'mine'), 'utf8')).toBe('mine')
})
