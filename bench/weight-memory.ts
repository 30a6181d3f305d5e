/**
 * Measures how much memory the weights of a UNet take with each quantization, after a step on small latents: `node dist/bench/weight-memory.js FOLDER`, where FOLDER has
 * a `unet`. Prints what the model says, and what the process of ONNX Runtime holds (RSS). Works on Linux.
 */
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import * as tf from '@tensorflow/tfjs'
import { type Quantization, selectExecutor, UNet2DConditionModel } from 'tesserae'
import { treeMemory } from './process-memory'

const KINDS = [undefined, 'int8', 'int8wo', 'int4'] as const

interface Measured {
  readonly weights: number
  readonly rss: number
}

/** Runs a step of one UNet in this process. */
async function measure(folder: string, quantization: Quantization | undefined): Promise<Measured> {
  const { executor } = await selectExecutor({ executor: 'graph', provider: 'cpu', threads: 2 })
  const unet = await UNet2DConditionModel.fromPretrained(folder, { executor, ...(quantization && { quantization }) })
  const { inChannels, crossAttentionDim } = unet.config
  const output = await unet.call({
    sample: tf.randomNormal<tf.Rank.R4>([1, 8, 8, inChannels]),
    timestep: 500,
    encoderHiddenStates: tf.randomNormal<tf.Rank.R3>([1, 77, [crossAttentionDim].flat()[0] as number]),
  })
  output.dispose()
  const rss = (treeMemory(process.pid)?.rss ?? 0) - process.memoryUsage().rss
  return { weights: unet.memoryFootprint, rss }
}

function compare(folder: string): void {
  const mebibytes = (bytes: number) => `${(bytes / 2 ** 20).toFixed(0)} MiB`
  let first: Measured | undefined
  for (const kind of KINDS) {
    const text = execFileSync(process.execPath, [__filename, folder, kind ?? 'none'], { encoding: 'utf8' })
    const { weights, rss } = JSON.parse(text.trim().split('\n').at(-1) as string) as Measured
    first ??= { weights, rss }
    console.log(
      `${(kind ?? 'as stored').padEnd(10)} weights ${mebibytes(weights)} (${(weights / first.weights).toFixed(2)}), process ${mebibytes(rss)} (${(rss / first.rss).toFixed(2)})`,
    )
  }
}

const [folder = '', kind] = process.argv.slice(2)
if (kind === undefined) compare(folder)
else
  measure(join(folder, 'unet'), kind === 'none' ? undefined : (kind as Quantization)).then(measured => {
    process.stdout.write(`${JSON.stringify(measured)}\n`)
    process.exit()
  })
