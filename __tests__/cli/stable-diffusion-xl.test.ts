/** The command line with a model of Stable Diffusion XL, a family that it has no line for. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fromBinary } from '@bufbuild/protobuf'
import { ModelProtoSchema } from '../../components/backends/onnx/generated/onnx_pb'
import { Image } from '../../components/images/image'
import { refinerFolder, removeFolders } from '../blocks/stable-diffusion-xl/tiny-models'
import { STABLE_DIFFUSION_XL_WORKFLOWS } from '../blocks/workflow-names'
import { runCli } from './run-cli'

const model = join(__dirname, '..', 'goldens', 'pipelines', 'stable_diffusion_xl_adapters')
let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tesserae-cli-xl-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))
afterAll(removeFolders)

const cli = (...args: string[]) => runCli(args, { cwd: folder })
const draw = (...args: string[]) => cli('generate', 'a cat', '--model', model, '--seed', '1', ...args)
const pixelsOf = async (name: string) => (await Image.load(join(folder, name))).data

test('describe and graph show the workflows of the family', async () => {
  const described = JSON.parse((await cli('describe', model, '--json')).stdout) as {
    class: string
    workflows: { name: string }[]
  }
  expect(described.class).toBe('StableDiffusionXLAutoBlocks')
  expect(described.workflows.map(({ name }) => name)).toEqual(STABLE_DIFFUSION_XL_WORKFLOWS)
  expect((await cli('graph', model, '--workflow', 'inpainting', '--out', 'graph.svg')).code).toBe(0)
  expect(readFileSync(join(folder, 'graph.svg'), 'utf8')).toContain('InpaintDenoiseLoop')
})

test.each([
  ['a base model', () => model, [6, 24]],
  ['a refiner', refinerFolder, [5, 24]],
])('export gives the UNet of %s as many time ids as its config has room for', async (_, source, widths) => {
  expect(await cli('export', source(), '--size', '64x64', '--out', 'unet.onnx')).toMatchObject({ code: 0 })
  const { graph } = fromBinary(ModelProtoSchema, readFileSync(join(folder, 'unet.onnx')))
  const widthOf = (name: string) => {
    const type = graph?.input.find(input => input.name.endsWith(name))?.type?.value
    const dimension = type?.case === 'tensorType' ? type.value.shape?.dim[1] : undefined
    return Number(dimension?.value.value)
  }
  expect(['time_ids', 'text_embeds'].map(widthOf)).toEqual(widths)
})

test('export names a folder that does not exist', async () => {
  const { code, stderr } = await cli('export', 'nowhere', '--out', 'unet.onnx')
  expect(stderr).toContain('nowhere: looked for "folders of components". There is no such folder.')
  expect(code).toBe(1)
})

test.each([
  ['vae_decoder', ['--tokens', '7'], '--tokens: vae_decoder takes no texts'],
  ['text_encoder', ['--size', '64'], '--size: text_encoder takes no pictures'],
])('export refuses a size that %s does not have', async (component, size, message) => {
  const { code, stderr } = await cli('export', model, '--component', component, ...size, '--out', 'part.onnx')
  expect(stderr).toContain(message)
  expect(code).toBe(1)
})

test('generate draws, changes and inpaints pictures, with a text for the second encoder', async () => {
  expect(await draw('--steps', '2', '--size', '64x64', '--out', 'one.png')).toMatchObject({ code: 0 })
  expect(await draw('--steps', '2', '--size', '64x64', '--prompt2', 'a dog', '--out', 'two.png')).toMatchObject({
    code: 0,
  })
  expect(await pixelsOf('two.png')).not.toEqual(await pixelsOf('one.png'))
  const mask = new Image({ width: 64, height: 64, channels: 1, data: new Uint8Array(64 * 64).fill(255, 64 * 32) })
  await mask.save(join(folder, 'mask.png'))
  const changed = ['--image', 'one.png', '--strength', '0.5', '--steps', '4']
  expect(await draw(...changed, '--out', 'changed.png')).toMatchObject({ code: 0 })
  expect(await draw(...changed, '--mask', 'mask.png', '--out', 'inpainted.png')).toMatchObject({ code: 0 })
  expect(await pixelsOf('inpainted.png')).not.toEqual(await pixelsOf('changed.png'))
})

test('generate compares with zeros where no negative prompt is given, and with an empty one where it is', async () => {
  await draw('--steps', '2', '--size', '64x64', '--out', 'zeros.png')
  await draw('--steps', '2', '--size', '64x64', '--negative', '', '--out', 'empty.png')
  expect(await pixelsOf('empty.png')).not.toEqual(await pixelsOf('zeros.png'))
})

test('generate hands over to a refiner, within a limit of memory too, and inspect shows it', async () => {
  const args = ['--steps', '4', '--size', '64x64', '--refiner', refinerFolder()]
  expect(await draw(...args, '--out', 'refined.png')).toMatchObject({ code: 0 })
  const limited = await draw(...args, '--refiner-start', '0.8', '--memory-limit', '700KB', '--out', 'limited.png')
  expect(limited).toMatchObject({ code: 0 })
  expect(await pixelsOf('limited.png')).toEqual(await pixelsOf('refined.png'))
  const record = JSON.parse((await cli('inspect', 'refined.png', '--json')).stdout) as object
  expect(record).toMatchObject({ refiner: expect.any(String), refinerStart: 0.8 })
})

test.each([
  [['--refiner-start', '0.5'], '--refiner-start has no effect without --refiner'],
  [['--refiner-revision', 'v1'], '--refiner-revision has no effect without --refiner'],
  [['--refiner', 'x', '--refiner-start', '1'], 'must be a number above 0 and below 1'],
  [['--memory-limit', '6'], 'The limit must be like 6GB or 512MiB'],
  [['--memory-limit', '0GB'], 'The limit must be like 6GB or 512MiB'],
])('generate refuses %s', async (args, message) => {
  const { code, stderr } = await draw(...args)
  expect(code).toBe(1)
  expect(stderr).toContain(message)
})
