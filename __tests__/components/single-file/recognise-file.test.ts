/** Files are recognised by their keys and shapes. A file of an unsupported family is refused, and the error names the family. */
import { copyFile, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { PickleCheckpointError } from '../../../components/checkpoints/pickle-checkpoint-error'
import { SafetensorsError } from '../../../components/checkpoints/safetensors-error'
import { MissingFileError } from '../../../components/files/missing-file-error'
import { AutoencoderKL } from '../../../components/models/autoencoder-kl/autoencoder-kl'
import { UNet2DConditionModel } from '../../../components/models/unet-2d-condition/unet-2d-condition-model'
import { kindLabel } from '../../../components/single-file/file-kind'
import { readSingleFile } from '../../../components/single-file/read-single-file'
import { recogniseFile } from '../../../components/single-file/recognise-file'
import { SingleFileError } from '../../../components/single-file/single-file-error'
import { useTemporaryFolder } from '../checkpoints/temporary-folder'
import { writeZeros } from './rewritten-file'

const goldens = join(__dirname, '..', '..', 'goldens', 'single_file')
const folder = useTemporaryFolder()

/** What files with these keys are taken for. */
function labelOf(shapes: Readonly<Record<string, readonly number[]>>): string {
  return kindLabel(recogniseFile(new Map(Object.entries(shapes).map(([key, shape]) => [key, { dtype: 'F32', shape }]))))
}

test.each([
  ['sd1/original_ema', 'Stable Diffusion 1'],
  ['sd1_inpaint/original', 'Stable Diffusion 1 inpainting'],
  ['sd2/original', 'Stable Diffusion 2'],
  ['sdxl_base/original_fp16_extra', 'Stable Diffusion XL'],
  ['sdxl_refiner/original', 'Stable Diffusion XL refiner'],
  ['vae/original', 'a VAE'],
  ['controlnet_sd1/original', 'a ControlNet of Stable Diffusion 1'],
])('%s is %s', (name, label) => {
  expect(kindLabel(readSingleFile(join(goldens, `${name}.safetensors`)).kind)).toBe(label)
})

const UNET = 'model.diffusion_model.input_blocks.0.0.weight'
const CROSS = 'model.diffusion_model.input_blocks.4.1.transformer_blocks.0.attn2.to_k.weight'

test.each([
  ['a UNet of Stable Diffusion 1', { [UNET]: [320, 4, 3, 3], [CROSS]: [640, 768] }],
  ['a UNet of Stable Diffusion 2', { [UNET]: [320, 4, 3, 3], [CROSS]: [640, 1024] }],
  ['a UNet of Stable Diffusion XL inpainting', { [UNET]: [320, 9, 3, 3], [CROSS]: [640, 2048] }],
  ['a UNet of Stable Diffusion XL refiner', { [UNET]: [384, 4, 3, 3], [CROSS]: [768, 1280] }],
  ['InstructPix2Pix', { [UNET]: [320, 8, 3, 3] }],
  ["Stable Diffusion's upscaler", { [UNET]: [256, 7, 3, 3] }],
  ['Flux', { 'double_blocks.0.img_attn.norm.key_norm.scale': [128] }],
  ['Flux', { 'model.diffusion_model.double_blocks.0.img_attn.norm.key_norm.scale': [128] }],
  ['Stable Diffusion 3', { 'model.diffusion_model.joint_blocks.0.context_block.adaLN_modulation.1.bias': [9216] }],
  ['Playground 2.5', { [UNET]: [320, 4, 3, 3], edm_mean: [4], edm_std: [4] }],
  ['a LoRA', { 'lora_unet_mid_block_attentions_0_proj_in.lora_down.weight': [4, 320] }],
  ['a LoRA', { 'unet.down_blocks.0.attentions.0.to_q.lora_A.weight': [4, 320] }],
  ['a textual inversion', { emb_params: [2, 768] }],
  ['a textual inversion', { clip_l: [2, 768], clip_g: [2, 1280] }],
  ['an IP-Adapter', { 'image_proj.proj.weight': [3072, 1024], 'ip_adapter.1.to_k_ip.weight': [320, 768] }],
])('%s', (label, shapes) => {
  expect(labelOf(shapes)).toBe(label)
})

describe('A file of a family that cannot be loaded from a single file', () => {
  const write = async (shapes: Readonly<Record<string, readonly number[]>>) => {
    const file = join(folder(), 'model.safetensors')
    await writeZeros(file, shapes)
    return file
  }
  const load = (file: string) => UNet2DConditionModel.fromSingleFile(file)

  test('is refused by the name of its family', async () => {
    const file = await write({ 'double_blocks.0.img_attn.norm.key_norm.scale': [4] })
    const error = await load(file).catch((error: unknown) => error)
    expect(error).toBeInstanceOf(SingleFileError)
    expect(error).toMatchObject({ problem: 'other-kind', message: expect.stringContaining('this is Flux') })
  })

  test('is refused with where to pass it, if it is a LoRA', async () => {
    const file = await write({
      'lora_unet_mid_block.lora_up.weight': [4, 1],
      'lora_unet_mid_block.lora_down.weight': [1, 4],
    })
    await expect(load(file)).rejects.toThrow('this is a LoRA, not a model that can be loaded. Pass it with --lora')
  })

  test('lists what it resembles, if nothing is known of it', async () => {
    const file = await write({
      'blocks.transformer_blocks.0.x': [1],
      'blocks.transformer_blocks.1.x': [1],
      'odd.alpha': [1],
    })
    const error = await load(file).catch((error: unknown) => error)
    expect(error).toMatchObject({
      code: 'SINGLE_FILE',
      problem: 'unknown',
      message: expect.stringMatching(
        /It resembles a diffusion transformer in the diffusers layout \(2 of 3 tensors\); an adapter \(LoRA\) \(1 of 3 tensors\)\. The first of its 3 tensors are /,
      ),
    })
  })

  test('is a word, if its only key is written as one', async () => {
    await expect(load(await write({ '<cat-toy>': [2, 256] }))).rejects.toThrow('this is a textual inversion')
  })

  test('says so, if it resembles nothing', async () => {
    await expect(load(await write({ a: [1] }))).rejects.toThrow('It resembles none of the kinds that are known.')
  })

  test('names what a file holds that lacks the model', async () => {
    const error = await load(join(goldens, 'vae', 'original.safetensors')).catch((error: unknown) => error)
    expect(error).toMatchObject({
      problem: 'missing-component',
      message: expect.stringContaining('it holds no UNet. It was recognised as a VAE, and holds: VAE.'),
    })
  })

  test('is refused if its sizes are not those of its family', async () => {
    const error = await AutoencoderKL.fromSingleFile(join(goldens, 'sd1', 'original_ema.safetensors')).catch(
      (error: unknown) => error,
    )
    expect(error).toMatchObject({
      problem: 'other-sizes',
      message: expect.stringContaining(
        'recognised as Stable Diffusion 1. Its sizes are not those of Stable Diffusion 1: pass { config: FOLDER }',
      ),
    })
  })

  test('has no averaged weights to take', async () => {
    const file = join(goldens, 'sd1_inpaint', 'original.safetensors')
    const options = { extractEma: true, config: join(goldens, 'sd1_inpaint', 'diffusers') }
    await expect(UNet2DConditionModel.fromSingleFile(file, options)).rejects.toThrow('holds no averaged weights (EMA)')
  })

  test('is not read if it is a pickle, missing, cut off, or something else', async () => {
    const at = (name: string) => join(folder(), name)
    await copyFile(join(goldens, 'vae', 'original.safetensors'), at('a.ckpt'))
    await expect(load(at('a.ckpt'))).rejects.toThrow(PickleCheckpointError)
    await expect(load(at('b.safetensors'))).rejects.toThrow(MissingFileError)
    await writeFile(at('c.safetensors'), 'PK\x03\x04 some archive')
    await expect(load(at('c.safetensors'))).rejects.toThrow(SafetensorsError)
    const whole = await readFile(join(goldens, 'vae', 'original.safetensors'))
    await writeFile(at('d.safetensors'), whole.subarray(0, whole.length - 100))
    await expect(load(at('d.safetensors'))).rejects.toThrow('It is incomplete')
  })
})
