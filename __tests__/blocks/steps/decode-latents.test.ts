import { join } from 'node:path'
import * as tf from '@tensorflow/tfjs'
import {
  AutoencoderKL,
  DecodeLatents,
  Generator,
  randnTensor,
  ShapeMismatchError,
  StableDiffusionDecodeLatents,
} from '../../../index'
import '../../../testing/jest'
import { toTensor } from '../../../testing/goldens/layout'
import { catchWarnings } from '../../src/fixtures/emitted-warnings'
import { entryOf, readTensors } from '../read-tensors'
import { emojiFolder, failureOf, take, useEmojiModel } from '../use-emoji-model'

const emoji = useEmojiModel()
const goldens = join(__dirname, '..', '..', 'goldens')

/** As a family with a shift decodes. */
class ShiftingDecodeLatents extends DecodeLatents {
  protected override get appliesShift(): boolean {
    return true
  }
}

/** Decodes latents, which are disposed. */
async function decode(latents: tf.Tensor, components = {}, block = new DecodeLatents()): Promise<tf.Tensor> {
  try {
    return await emoji.pipelineOf(block, components)<tf.Tensor>({ latents }, { output: 'pixels' })
  } finally {
    latents.dispose()
  }
}

describe('DecodeLatents', () => {
  test("gives the reference's picture", async () => {
    const recorded = await readTensors(join(emojiFolder, 'reference', 'cat-face-seed5-ddim25-g4.safetensors'))
    const pixels = await decode(toTensor(entryOf(recorded('latents_by_step'), 24)))
    const picture = tf.tidy(() => pixels.mul(0.5).add(0.5).clipByValue(0, 1).transpose([0, 3, 1, 2]).squeeze([0]))
    pixels.dispose()
    expect(take(picture)).toBeCloseToTensor(recorded('image'), { atol: 2e-3, rtol: 0 })
  })

  test.each([
    ['its scale', join(goldens, 'pipelines', 'stable_diffusion', 'vae')],
    ['its scale and shift', join(goldens, 'models', 'vae_flux')],
  ])('takes the model back from %s', async (_, folder) => {
    const vae = await AutoencoderKL.fromPretrained(folder)
    const { latentChannels, scalingFactor, shiftFactor } = vae.config
    const draw = () => randnTensor([2, 4, 4, latentChannels], new Generator(1))
    const expected = tf.tidy(() =>
      vae.forwardDecode(
        draw()
          .div<tf.Tensor4D>(scalingFactor)
          .add(shiftFactor ?? 0),
      ),
    )
    expect(scalingFactor).not.toBe(1)
    const block = new ShiftingDecodeLatents()
    expect(take(await decode(draw(), { vae }, block))).toBeCloseToTensor(take(expected), { atol: 1e-5, rtol: 1e-5 })
    vae.dispose()
  })

  test('ignores a shift with a warning: the pipelines of the reference do not apply it', async () => {
    const vae = await AutoencoderKL.fromPretrained(join(goldens, 'models', 'vae_flux'))
    const { latentChannels, scalingFactor, shiftFactor } = vae.config
    const draw = () => randnTensor([1, 4, 4, latentChannels], new Generator(1))
    const expected = tf.tidy(() => vae.forwardDecode(draw().div(scalingFactor)))
    const warnings = catchWarnings()
    expect(take(await decode(draw(), { vae }))).toBeCloseToTensor(take(expected), { atol: 1e-5, rtol: 1e-5 })
    expect(warnings()).toEqual([expect.stringMatching(`^SETTING_IGNORED: The VAE has shift_factor ${shiftFactor}\\.`)])
    vae.dispose()
  })

  const statistics = { latentsMean: [0.5, -1, 0, 2], latentsStd: [2, 1, 0.5, 4] }

  test.each([
    ['applies the statistics of the VAE', new DecodeLatents(), statistics],
    ['applies no statistics for Stable Diffusion', new StableDiffusionDecodeLatents(), {}],
  ])('%s', async (_, block, applied) => {
    const vae = await AutoencoderKL.fromPretrained(join(goldens, 'pipelines', 'stable_diffusion', 'vae'))
    Object.assign(vae, { config: { ...vae.config, ...statistics } })
    const draw = () => randnTensor([2, 4, 4, 4], new Generator(1))
    const expected = tf.tidy(() => {
      const { latentsMean = [0, 0, 0, 0], latentsStd = [1, 1, 1, 1] } = applied as Partial<typeof statistics>
      return vae.forwardDecode(draw().mul(latentsStd).div<tf.Tensor4D>(vae.config.scalingFactor).add(latentsMean))
    })
    expect(take(await decode(draw(), { vae }, block))).toBeCloseToTensor(take(expected), { atol: 1e-5, rtol: 1e-5 })
    vae.dispose()
  })

  test('refuses latents with another number of channels than the model has', async () => {
    const error = await failureOf(decode(tf.zeros([1, 4, 4, 3])))
    expect(error).toMatchObject({ code: 'BLOCK_EXECUTION', cause: { code: 'SHAPE_MISMATCH' } })
  })

  test('refuses latents of another rank', async () => {
    expect(await failureOf(decode(tf.zeros([4, 4, 4])))).toBeInstanceOf(ShapeMismatchError)
  })
})
