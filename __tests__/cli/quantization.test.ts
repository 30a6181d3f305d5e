/** `tesserae generate --quantization` and `tesserae quantize`. */
import { realpathSync } from 'node:fs'
import { join } from 'node:path'
import { Image } from '../../components'
import { emojiFolder } from '../blocks/use-emoji-model'
import { useTemporaryFolder } from '../components/checkpoints/temporary-folder'
import { runCli } from './run-cli'

const folder = useTemporaryFolder()

const generate = (name: string, ...options: string[]) => {
  const settings = ['--steps', '1', '--seed', '1', '--provider', 'cpu', '--threads', '1', '--out', join(folder(), name)]
  return runCli(['generate', 'red apple', ...settings, ...options], { cwd: folder() })
}

test('a picture in 8 bits is near the one in float32, and not the same', async () => {
  expect((await generate('float.png')).code).toBe(0)
  expect((await generate('int8.png', '--quantization', 'int8')).code).toBe(0)
  const [{ data: a }, { data: b }] = [
    await Image.load(join(folder(), 'float.png')),
    await Image.load(join(folder(), 'int8.png')),
  ]
  const difference = a.reduce((sum, value, i) => sum + Math.abs(value - (b[i] as number)), 0) / a.length
  expect(difference).toBeGreaterThan(0)
  expect(difference).toBeLessThan(3)
}, 120_000)

test('a model that is quantized once draws the picture that it draws when it is quantized at load', async () => {
  const quantize = () => runCli(['quantize', emojiFolder, '--to', 'int8', '--out', 'emoji-int8'], { cwd: folder() })
  const { code, stdout } = await quantize()
  expect({ code, stdout }).toEqual({ code: 0, stdout: `${join(realpathSync(folder()), 'emoji-int8')}\n` })
  expect((await generate('load.png', '--quantization', 'int8')).code).toBe(0)
  const drawn = await generate('once.png', '--model', 'emoji-int8')
  expect(drawn.code).toBe(0)
  expect(drawn.stderr).not.toMatch(/decoded|ignored/)
  const pictures = ['load.png', 'once.png'].map(name => Image.load(join(folder(), name)))
  const [atLoad, once] = await Promise.all(pictures)
  expect(once?.data).toEqual(atLoad?.data)
  const described = await runCli(['describe', 'emoji-int8'], { cwd: folder() })
  expect(described.stdout).toMatch(/unet: UNet2DConditionModel, from .*unet, int8/)
  const weights = join('emoji-int8', 'unet', 'diffusion_pytorch_model.safetensors')
  const inspected = await runCli(['inspect', weights], { cwd: folder() })
  expect(inspected.stdout).toMatch(/I8 and /)
  expect(inspected.stdout).toContain('quantization: tesserae int8')
  const again = await quantize()
  expect(again).toMatchObject({ code: 1, stderr: expect.stringContaining('the folder is not empty') })
}, 120_000)

test('what cannot be computed in 8 bits is refused', async () => {
  const { code, stderr } = await runCli(
    ['generate', 'red apple', '--executor', 'eager', '--backend', 'cpu', '--quantization', 'int8', '--out', 'a.png'],
    { cwd: folder() },
  )
  expect(code).toBe(1)
  expect(stderr).toContain('"int8" cannot be computed on cpu')
}, 120_000)
