/** From process start to the end of the first UNet step with guidance, as `peers/first_step.py` does it for diffusers. */
import * as tf from '@tensorflow/tfjs'
import { selectExecutor, UNet2DConditionModel } from 'tesserae'

async function main(): Promise<void> {
  const [folder = '', size = '256', threads = '2'] = process.argv.slice(2)
  const { executor } = await selectExecutor({ executor: 'graph', threads: Number(threads) })
  const unet = await UNet2DConditionModel.fromPretrained(folder, { executor })
  const latent = Number(size) / 8
  const output = await unet.call({
    sample: tf.randomNormal<tf.Rank.R4>([2, latent, latent, unet.config.inChannels]),
    timestep: 500,
    encoderHiddenStates: tf.randomNormal<tf.Rank.R3>([2, 77, [unet.config.crossAttentionDim].flat()[0] as number]),
  })
  const finite = tf.isFinite(output).all().dataSync()[0] === 1
  process.stdout.write(`${JSON.stringify({ seconds: performance.now() / 1000, finite })}\n`)
}

main()
