/**
 * Runs our models on request, one line of JSON on stdin for each, one on stdout for its answer: what `peers/models.py` does for diffusers, in the
 * same words.
 */
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import * as tf from '@tensorflow/tfjs'
import { AutoencoderKL, CLIPTextModel, type Executor, selectExecutor, UNet2DConditionModel } from 'tesserae'
import { treeMemory } from './process-memory'

type Model = UNet2DConditionModel | AutoencoderKL | CLIPTextModel

interface Request {
  do: 'load' | 'run' | 'unload' | 'memory' | 'exit'
  component: 'unet' | 'vae' | 'text_encoder'
  folder: string
  size: number
  quantization?: 'int8' | 'auto'
}

const classes = { unet: UNet2DConditionModel, vae: AutoencoderKL, text_encoder: CLIPTextModel }
const models = new Map<string, Model>()
let executor: Executor

async function timed(action: () => Promise<unknown>): Promise<{ ms: number }> {
  const start = performance.now()
  await action()
  return { ms: performance.now() - start }
}

/** One call on random inputs: for a UNet a step with guidance, so a batch of two. */
async function run(model: Model, size: number): Promise<{ ms: number }> {
  const latent = size / 8
  if (model instanceof AutoencoderKL) {
    const z = tf.randomNormal<tf.Rank.R4>([1, latent, latent, model.config.latentChannels])
    return timed(async () => (await model.decode(z)).dispose())
  }
  if (model instanceof CLIPTextModel) {
    const { maxPositionEmbeddings: length, eosTokenId } = model.config
    const ids = Array.from({ length: 2 }, () =>
      Array.from({ length }, (_, i) => (i === length - 1 ? eosTokenId : i + 1)),
    )
    const inputIds = tf.tensor2d(ids, undefined, 'int32')
    return timed(async () => tf.dispose({ ...(await model.call({ inputIds })) }))
  }
  const { inChannels, crossAttentionDim, additionEmbedType, projectionClassEmbeddingsInputDim, additionTimeEmbedDim } =
    model.config
  const inputs = {
    sample: tf.randomNormal<tf.Rank.R4>([2, latent, latent, inChannels]),
    timestep: 500,
    encoderHiddenStates: tf.randomNormal<tf.Rank.R3>([2, 77, [crossAttentionDim].flat()[0] as number]),
    ...(additionEmbedType === 'text_time' && {
      addedCondKwargs: {
        textEmbeds: tf.randomNormal<tf.Rank.R2>([
          2,
          (projectionClassEmbeddingsInputDim ?? 0) - 6 * (additionTimeEmbedDim ?? 0),
        ]),
        timeIds: tf.tensor2d([0, 1].map(() => [size, size, 0, 0, size, size])),
      },
    }),
  }
  return timed(async () => (await model.call(inputs)).dispose())
}

/** That of ONNX Runtime's process included. @throws Error where the system does not tell */
function memory(): object {
  const found = treeMemory(process.pid)
  if (found === undefined) throw new Error('Only Linux tells how much memory processes hold.')
  return found
}

async function answer({ do: action, component, folder, size, quantization }: Request): Promise<object> {
  switch (action) {
    case 'load': {
      const { ms } = await timed(async () => {
        models.get(component)?.dispose()
        models.set(
          component,
          await classes[component].fromPretrained(join(folder, component), {
            executor,
            ...(quantization && { quantization }),
          }),
        )
      })
      return { ms, quantization: models.get(component)?.quantization?.method ?? 'none' }
    }
    case 'run':
      return run(models.get(component) as Model, size)
    case 'unload':
      models.get(component)?.dispose()
      models.delete(component)
      return {}
    case 'memory':
      return memory()
    case 'exit':
      process.exit()
  }
}

async function main(): Promise<void> {
  const threads = Number(process.argv[2])
  executor = (await selectExecutor({ executor: 'graph', ...(threads > 0 && { threads }) })).executor
  for await (const line of createInterface({ input: process.stdin })) {
    const result = await answer(JSON.parse(line) as Request).catch(error => ({ error: String(error) }))
    process.stdout.write(`${JSON.stringify(result)}\n`)
  }
}

main()
