/** Every public function that takes the path of a file or folder takes a `file:` URL as well. */
import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import {
  ComponentSpec,
  exportOnnx,
  fetchModelIndex,
  findModelIndex,
  Image,
  loadMellonConfig,
  MellonPipelineConfig,
  ModularPipelineBlocks,
  openCheckpoint,
  PipelineState,
  pushToHub,
  SafetensorsFile,
  saveMellonConfig,
  snapshotDownload,
  UNet2DConditionModel,
  writeFileAtomically,
  writeFolderAtomically,
  writeSafetensors,
} from '../../index'
import { checkGoldens } from '../../testing'
import { useTemporaryFolder } from '../components/checkpoints/temporary-folder'
import { useHubServer } from '../components/hub/hub-server'

const folder = useTemporaryFolder()
const server = useHubServer()
const url = (...names: string[]) => pathToFileURL(join(folder(), ...names))
const unet = join(__dirname, '..', '..', 'models', 'emoji', 'unet')
const a = { dtype: 'F32', shape: [1], data: Float32Array.of(5) } as const

test('of weights', async () => {
  await writeSafetensors(url('model.safetensors'), { a })
  const file = await SafetensorsFile.open(url('model.safetensors'))
  expect([...(await file.readFloat32('a'))]).toEqual([5])
  expect(file.path).toBe(join(folder(), 'model.safetensors'))
  await file.close()
  const checkpoint = await openCheckpoint(url(), { weightsName: 'model' })
  expect(checkpoint.keys).toEqual(['a'])
  await checkpoint.close()
})

test('of states', async () => {
  const state = new PipelineState()
  state.set('steps', 3)
  await state.save(url('state.safetensors'))
  expect((await PipelineState.load(url('state.safetensors'))).get('steps')).toBe(3)
})

test('of Mellon files', async () => {
  const config = MellonPipelineConfig.fromDict({ label: 'x', node_params: {} })
  expect(await saveMellonConfig(config, url('mellon'))).toBe(join(folder(), 'mellon', 'mellon_pipeline_config.json'))
  expect((await loadMellonConfig(url('mellon'))).label).toBe('x')
})

test('of blocks', async () => {
  const loading = ModularPipelineBlocks.fromPretrained(url('blocks'))
  await expect(loading).rejects.toThrow(`${join(folder(), 'blocks')}: not found`)
})

test('of models in specs and options', async () => {
  const spec = new ComponentSpec({
    name: 'unet',
    typeHint: UNet2DConditionModel,
    pretrainedModelNameOrPath: url('unet'),
  })
  expect(spec.pretrainedModelNameOrPath).toBe(join(folder(), 'unet'))
  await cp(unet, join(folder(), 'unet'), { recursive: true })
  const empty = new ComponentSpec({ name: 'unet', typeHint: UNet2DConditionModel })
  const model = (await empty.load({ pretrainedModelNameOrPath: url('unet'), lazy: true })) as UNet2DConditionModel
  expect(model.parameters()[0]?.source?.file).toContain(folder())
  model.dispose()
  expect(findModelIndex(url('unet'))).toBe(join(folder(), 'unet'))
  expect(await fetchModelIndex(url('unet'))).toBe(join(folder(), 'unet'))
})

test('of ONNX files', async () => {
  const model = await UNet2DConditionModel.fromPretrained(unet, { lazy: true })
  const exported = exportOnnx({ model, forward: () => [], inputs: {} }, new URL('https://host/x.onnx'))
  await expect(exported).rejects.toThrow(
    'argument "file" got the string "https://host/x.onnx"; a URL must be one of a local file',
  )
  model.dispose()
})

test('of the Hub', async () => {
  server().commit('org/tiny', { 'config.json': '{}' })
  const options = { endpoint: server().endpoint, token: false } as const
  const path = await snapshotDownload('org/tiny', { ...options, cacheDir: url('cache') })
  expect(path).toContain(join(folder(), 'cache'))
  await mkdir(join(folder(), 'upload'))
  await writeFile(join(folder(), 'upload', 'config.json'), '{}')
  server().tokens.add('hf_x')
  await pushToHub(url('upload'), { ...options, token: 'hf_x', repoId: 'org/mine' })
  expect([...server().files('org/mine').keys()]).toContain('config.json')
})

test('of files and folders that are written as a whole', async () => {
  await writeFileAtomically(url('file'), [Buffer.from('x')])
  await writeFolderAtomically(url('written'), staging => writeFile(join(staging, 'index.json'), '{}'), {
    markers: ['index.json'],
  })
  expect(await readFile(join(folder(), 'file'), 'utf8')).toBe('x')
  expect(await readdir(join(folder(), 'written'))).toEqual(['index.json'])
})

test('of images and goldens', async () => {
  await new Image({ width: 1, height: 1, channels: 3, data: Uint8Array.of(1, 2, 3) }).save(url('x.png'))
  expect((await Image.load(url('x.png'))).data).toEqual(Uint8Array.of(1, 2, 3))
  await expect(checkGoldens(url('goldens'))).rejects.toThrow(join(folder(), 'goldens'))
})
