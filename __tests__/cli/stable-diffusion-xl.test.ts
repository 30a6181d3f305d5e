/** The command line with a model of Stable Diffusion XL, a family that it has no line for. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Image } from '../../components/images/image'
import { runCli } from './run-cli'

const model = join(__dirname, '..', 'goldens', 'pipelines', 'stable_diffusion_xl_adapters')
let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tesserae-cli-xl-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const cli = (...args: string[]) => runCli(args, { cwd: folder })
const draw = (...args: string[]) => cli('generate', 'a cat', '--model', model, '--seed', '1', ...args)
const pixelsOf = async (name: string) => (await Image.load(join(folder, name))).data

test('describe and graph show the workflows of the family', async () => {
  const described = JSON.parse((await cli('describe', model, '--json')).stdout) as {
    class: string
    workflows: { name: string }[]
  }
  expect(described.class).toBe('StableDiffusionXLAutoBlocks')
  expect(described.workflows.map(({ name }) => name)).toEqual(['text2image', 'image2image', 'inpainting'])
  expect((await cli('graph', model, '--workflow', 'inpainting', '--out', 'graph.svg')).code).toBe(0)
  expect(readFileSync(join(folder, 'graph.svg'), 'utf8')).toContain('InpaintDenoiseLoop')
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
