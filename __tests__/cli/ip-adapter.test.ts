/** The command line with pictures beside the prompt. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Image } from '../../components/images/image'
import { runCli } from './run-cli'

const model = join(__dirname, '..', 'goldens', 'pipelines', 'stable_diffusion_adapters')
const base = join(model, 'ip_adapter', 'models', 'ip-adapter_sd15.safetensors')
const plus = join(model, 'ip_adapter', 'models', 'ip-adapter-plus_sd15.safetensors')
const [first, second] = [join(model, 'model_index.json'), 'second.png']

let folder: string
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tesserae-cli-ip-'))
  const data = Uint8Array.from({ length: 48 * 32 * 3 }, (_, i) => i % 253)
  const picture = new Image({ width: 48, height: 32, channels: 3, data })
  await picture.save(join(folder, 'first.png'))
  await picture.save(join(folder, second))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const draw = (...args: string[]) =>
  runCli(['generate', 'a cat', '--model', model, '--seed', '1', '--steps', '2', '--size', '64x64', ...args], {
    cwd: folder,
  })
const pixelsOf = async (name: string) => (await Image.load(join(folder, name))).data

test('adapters look at their pictures as strongly as the options say', async () => {
  expect(await draw('--out', 'plain.png')).toMatchObject({ code: 0 })
  const shown = ['--ip-adapter', base, '--ip-image', 'first.png']
  expect(await draw(...shown, '--out', 'shown.png')).toMatchObject({ code: 0 })
  expect(await pixelsOf('shown.png')).not.toEqual(await pixelsOf('plain.png'))
  expect(await draw(...shown, '--ip-scale', '0', '--out', 'none.png')).toMatchObject({ code: 0 })
  expect(await pixelsOf('none.png')).toEqual(await pixelsOf('plain.png'))
  const both = [...shown, '--ip-adapter', plus, '--ip-image', second, '--ip-scale', '0.5', '--ip-scale', '0.3']
  expect(await draw(...both, '--out', 'both.png')).toMatchObject({ code: 0 })
  const { stdout } = await runCli(['inspect', 'both.png', '--json'], { cwd: folder })
  expect(JSON.parse(stdout)).toMatchObject({
    ipAdapter: ['ip-adapter_sd15.safetensors', 'ip-adapter-plus_sd15.safetensors'],
    ipImage: ['first.png', 'second.png'],
    ipScale: [0.5, 0.3],
  })
})

test.each([
  [['--ip-image', 'first.png'], 'there is no adapter to show it to'],
  [['--ip-adapter', base], 'there is no picture to show it'],
  [['--ip-adapter', base, '--ip-image', 'first.png', '--ip-scale', 'x'], 'The scale must be a number.'],
  [['--ip-adapter', first, '--ip-image', 'first.png'], 'model_index.json'],
])('%j is refused', async (args, text) => {
  const { code, stderr } = await draw(...args, '--out', 'refused.png')
  expect(code).not.toBe(0)
  expect(stderr).toContain(text)
})
