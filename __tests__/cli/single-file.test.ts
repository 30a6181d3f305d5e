/** The command line takes models in one file of weights, and says what such a file is. */
import { readFileSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fromBinary } from '@bufbuild/protobuf'
import { ModelProtoSchema } from '../../components/backends/onnx/generated/onnx_pb'
import { bundledModel, Image } from '../../index'
import { useTemporaryFolder } from '../components/checkpoints/temporary-folder'
import { writeOriginalFile } from '../components/single-file/original-file'
import { tensorsBelow, writeGGUF } from '../components/single-file/quantized-file'
import { rewriteFile } from '../components/single-file/rewritten-file'
import { runCli } from './run-cli'

const folder = useTemporaryFolder()
const single = (name: string) => join(__dirname, '..', 'goldens', 'single_file', name)
const run = (...args: string[]) => runCli(args, { cwd: folder() })

describe('tesserae inspect FILE.safetensors', () => {
  test('says what a model is made of', async () => {
    const { code, stdout } = await run('inspect', single('sd1_inpaint/original.safetensors'))
    expect(code).toBe(0)
    expect(stdout).toMatch(/^kind +Stable Diffusion 1 inpainting$/m)
    expect(stdout).toMatch(/^UNet +\d+ tensors, 56620 parameters, F32, 226\.5 kB$/m)
    expect(stdout).toMatch(/^text encoder /m)
    expect(stdout).not.toContain('averaged')
  })

  test('prints the same as JSON, with what the writer left', async () => {
    const file = join(folder(), 'a.safetensors')
    const metadata = { 'modelspec.title': 'A \u001b[31mred\u001b[0m model' }
    await rewriteFile(single('sd1/original_ema.safetensors'), file, key => ({ key }), { metadata })
    const { stdout } = await run('inspect', file, '--json')
    expect(JSON.parse(stdout)).toMatchObject({
      file,
      label: 'Stable Diffusion 1',
      family: 'Stable Diffusion 1',
      isInpainting: false,
      tensors: 1677,
      hasEma: true,
      components: [
        { component: 'text_encoder' },
        { component: 'unet', layout: 'original', precision: ['F32'] },
        { component: 'vae' },
      ],
      metadata,
    })
    // What would change the terminal is escaped.
    expect((await run('inspect', file)).stdout).toContain('modelspec.title: A \\u001b[31mred\\u001b[0m model')
  })

  test('says what a GGUF file is, with the types of its blocks', async () => {
    const file = join(folder(), 'unet.gguf')
    const tensors = await tensorsBelow(single('sd1/original_ema.safetensors'), 'model.diffusion_model.')
    await writeGGUF(file, tensors, 'sd1')
    const { stdout } = await run('inspect', file)
    expect(stdout).toMatch(/^kind +a UNet of Stable Diffusion 1$/m)
    expect(stdout).toMatch(/^UNet +684 tensors, \d+ parameters, Q8_0 and F32, [\d.]+ kB$/m)
    expect(stdout).toContain('general.architecture: sd1')
    await writeFile(file, 'GGUF')
    const damaged = await run('inspect', file)
    expect(damaged.code).toBe(1)
    expect(damaged.stderr).toContain('its header continues past the end of the file')
  })

  test('tells rank, layers and family of a LoRA', async () => {
    const layer = 'lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn2_to_k'
    const file = join(folder(), 'lora.safetensors')
    const tensor = (...shape: number[]) => ({
      dtype: 'F16' as const,
      shape,
      data: new Uint16Array(shape.reduce((a, b) => a * b, 1)),
    })
    const extra = {
      [`${layer}.lora_down.weight`]: tensor(4, 768),
      [`${layer}.lora_up.weight`]: tensor(320, 4),
      [`${layer}.alpha`]: tensor(),
    }
    const metadata = { ss_network_dim: '4', ss_base_model_version: 'sd_v1' }
    await rewriteFile(single('vae/original.safetensors'), file, () => undefined, { extra, metadata })
    const { stdout } = await run('inspect', file)
    expect(stdout).toMatch(/^kind +a LoRA$/m)
    expect(stdout).toMatch(/^family +Stable Diffusion 1$/m)
    expect(stdout).toMatch(/^rank +4$/m)
    expect(stdout).toMatch(/^unet +1 layers$/m)
    expect(stdout).toContain('ss_base_model_version: sd_v1')
  })

  test('refuses pickles and damaged files, and reads no further', async () => {
    await writeFile(join(folder(), 'a.ckpt'), 'PK')
    expect(await run('inspect', 'a.ckpt')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('is a PyTorch pickle'),
    })
    const whole = await readFile(single('vae/original.safetensors'))
    await writeFile(join(folder(), 'b.safetensors'), whole.subarray(0, 60_000))
    expect(await run('inspect', 'b.safetensors')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('It is incomplete'),
    })
    await writeFile(join(folder(), 'c.safetensors'), Buffer.concat([Buffer.alloc(8, 0xff), Buffer.from('{}')]))
    expect(await run('inspect', 'c.safetensors')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('are allowed'),
    })
  })
})

describe('tesserae generate --model FILE.safetensors', () => {
  const draw = (model: string, out: string, ...args: string[]) =>
    run('generate', 'pizza', '--model', model, '--steps', '2', '--size', '16', '--seed', '1', '--out', out, ...args)

  test('draws what the folder with the same weights draws', async () => {
    const emoji = bundledModel('emoji')
    const file = join(folder(), 'emoji.safetensors')
    await writeOriginalFile(emoji, file)
    expect(await draw(emoji, 'a.png', '--scheduler', 'euler')).toMatchObject({ code: 0 })
    expect(await draw('emoji.safetensors', 'b.png', '--config', emoji, '--scheduler', 'euler')).toMatchObject({
      code: 0,
    })
    const [a, b] = await Promise.all(['a.png', 'b.png'].map(name => Image.load(join(folder(), name))))
    expect(b?.data).toEqual(a?.data)
    const { stdout } = await run('describe', 'emoji.safetensors')
    expect(stdout).toMatch(/unet: UNet2DConditionModel, from .*emoji\.safetensors\/unet/)
    const exported = ['--component', 'vae_decoder', '--size', '16', '--out']
    expect(await run('export', emoji, ...exported, 'a.onnx')).toMatchObject({ code: 0 })
    const unfit = await run('export', 'emoji.safetensors', ...exported, 'b.onnx')
    expect(unfit).toMatchObject({ code: 1, stderr: expect.stringContaining('emoji.safetensors') })
    expect(await run('export', 'emoji.safetensors', '--config', emoji, ...exported, 'b.onnx')).toMatchObject({
      code: 0,
    })
    const [ofFolder, ofFile] = ['a.onnx', 'b.onnx'].map(name => {
      const { graph } = fromBinary(ModelProtoSchema, readFileSync(join(folder(), name)))
      return { inputs: graph?.input, outputs: graph?.output }
    })
    expect(ofFile).toEqual(ofFolder)
    expect(await run('export', emoji, '--config', emoji, ...exported, 'c.onnx')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('--config: is for a model in one file, and this one is a folder or repository'),
    })
    // A UNet alone, with the other models of the folder. Its numbers are rounded to 8 bits.
    await writeGGUF(join(folder(), 'unet.gguf'), await tensorsBelow(file, 'model.diffusion_model.'), 'sd1')
    const alone = await draw(emoji, 'c.png', '--unet', 'unet.gguf', '--scheduler', 'euler')
    expect(alone).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('unet.gguf: UNet2DConditionModel decoded'),
    })
    const { data } = await Image.load(join(folder(), 'c.png'))
    const difference = data.reduce((sum, value, i) => sum + Math.abs(value - (a?.data[i] as number)), 0) / data.length
    expect(difference).toBeGreaterThan(0)
    expect(difference).toBeLessThan(4)
  })

  test('says what cannot be drawn with', async () => {
    const lora = await draw(single('vae/original.safetensors'), 'a.png')
    expect(lora).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('this is a VAE, and a pipeline needs a UNet'),
    })
    const missing = await draw('nothing.safetensors', 'a.png')
    expect(missing).toMatchObject({ code: 1, stderr: expect.stringContaining('looked for "nothing.safetensors"') })
    const unfit = await draw(bundledModel('emoji'), 'a.png', '--prediction-type', 'epsilon')
    expect(unfit).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('--prediction-type: is for a model in one file'),
    })
    const folderOfUnet = await draw(bundledModel('emoji'), 'a.png', '--unet', join(bundledModel('emoji'), 'unet'))
    expect(folderOfUnet).toMatchObject({ code: 1, stderr: expect.stringContaining('--unet: must be a .safetensors') })
  })
})
