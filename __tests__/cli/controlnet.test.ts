/** The command line with ControlNets. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseControl } from '../../cli/control-arguments'
import { Image } from '../../components/images/image'
import { runCli } from './run-cli'

const model = join(__dirname, '..', 'goldens', 'pipelines', 'stable_diffusion_xl_adapters')
const net = join(model, 'controlnet')
const union = join(model, 'controlnet_union')
const t2iAdapter = join(model, '..', '..', 't2i-adapter-runs', 'xl_full')
let folder: string
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tesserae-cli-controlnet-'))
  const data = Uint8Array.from({ length: 64 * 64 * 3 }, (_, i) => (i % 64 < 8 ? 255 : 0))
  await new Image({ width: 64, height: 64, channels: 3, data }).save(join(folder, 'outline.png'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const draw = (...args: string[]) =>
  runCli(['generate', 'a cat', '--model', model, '--seed', '1', '--steps', '2', '--size', '64x64', ...args], {
    cwd: folder,
  })
const pixelsOf = async (name: string) => (await Image.load(join(folder, name))).data

test.each([
  ['canny:outline.png', { net: 'canny', image: 'outline.png', scale: undefined }],
  ['org/canny:outline.png:0.5', { net: 'org/canny', image: 'outline.png', scale: 0.5 }],
  ['canny:https://example.org/a:b.png:1', { net: 'canny', image: 'https://example.org/a:b.png', scale: 1 }],
  ['C:\\nets\\canny:D:\\outline.png:0.8', { net: 'C:\\nets\\canny', image: 'D:\\outline.png', scale: 0.8 }],
  ['canny:-', { net: 'canny', image: '-', scale: undefined }],
])('--control %s names a ControlNet, a picture and a scale', (text, expected) => {
  expect(parseControl(text)).toEqual([expected])
})

test('generate draws along a picture, and inspect shows it', async () => {
  expect(await draw('--out', 'plain.png')).toMatchObject({ code: 0 })
  expect(await draw('--control', `${net}:outline.png:0.8`, '--out', 'along.png')).toMatchObject({ code: 0 })
  expect(await draw('--control', `${net}:outline.png:0`, '--out', 'zero.png')).toMatchObject({ code: 0 })
  expect(await pixelsOf('along.png')).not.toEqual(await pixelsOf('plain.png'))
  expect(await pixelsOf('zero.png')).toEqual(await pixelsOf('plain.png'))
  const { stdout } = await runCli(['inspect', 'along.png', '--json'], { cwd: folder })
  expect(JSON.parse(stdout)).toMatchObject({ control: [`controlnet:outline.png:0.8`] })
})

test('generate draws along the picture of a T2I-Adapter, and inspect shows it', async () => {
  expect(await draw('--out', 'plain.png')).toMatchObject({ code: 0 })
  const along = ['--t2i-adapter', `${t2iAdapter}:outline.png:0.8`]
  expect(await draw(...along, '--out', 'along.png')).toMatchObject({ code: 0 })
  expect(await pixelsOf('along.png')).not.toEqual(await pixelsOf('plain.png'))
  const { stdout } = await runCli(['inspect', 'along.png', '--json'], { cwd: folder })
  expect(JSON.parse(stdout)).toMatchObject({ t2iAdapter: 'xl_full:outline.png:0.8' })
  expect((await draw(...along, ...along)).stderr).toContain('A pipeline takes only one T2I-Adapter')
})

test('generate takes several ControlNets, and the kinds of a union one', async () => {
  const twice = ['--control', `${net}:outline.png:0.5`, '--control', `${net}:outline.png`]
  expect(await draw(...twice, '--out', 'twice.png')).toMatchObject({ code: 0 })
  const kinds = ['--control', `${union}:outline.png`, '--control-mode', '1']
  expect(await draw(...kinds, '--out', 'union.png')).toMatchObject({ code: 0 })
  expect(await pixelsOf('union.png')).not.toEqual(await pixelsOf('twice.png'))
})

test.each([
  ['a value without a picture', ['--control', 'canny'], 'NET:IMAGE'],
  ['a picture that is not there', ['--control', `${net}:missing.png`], 'missing.png'],
  ['a folder without a ControlNet', ['--control', `${join(model, 'unet')}:outline.png`], 'UNet2DConditionModel'],
  [
    'more kinds than pictures',
    ['--control', `${union}:outline.png`, '--control-mode', '1', '--control-mode', '2'],
    'Name one for each',
  ],
  ['kinds without a union ControlNet', ['--control', `${net}:outline.png`, '--control-mode', '1'], 'controlMode'],
  ['a union ControlNet without kinds', ['--control', `${union}:outline.png`], 'controlMode'],
  ['a refiner beside it', ['--control', `${net}:outline.png`, '--refiner', model], 'exclude each other'],
])('generate refuses %s', async (_name, args, text) => {
  const { code, stderr } = await draw(...args, '--out', 'none.png')
  expect(code).not.toBe(0)
  expect(stderr).toContain(text)
})
