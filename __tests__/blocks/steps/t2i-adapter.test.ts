/** T2I-Adapters in a pipeline: what they draw next to the reference, and what is refused. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as tf from '@tensorflow/tfjs'
import {
  BlockExecutionError,
  Image,
  IncompatibleComponentsError,
  InputTypeError,
  type ModularPipeline,
  StableDiffusionAutoBlocks,
  StableDiffusionXLAutoBlocks,
  selectBackend,
  T2IAdapter,
} from '../../../index'
import { expectClose } from '../../../testing/goldens/compare'
import { toChannelsFirst } from '../../../testing/goldens/layout'
import { useLeakCheck } from '../../components/tensors/use-leak-check'
import { readTensors } from '../read-tensors'
import { failureOf } from '../use-emoji-model'

const goldens = join(__dirname, '..', '..', 'goldens')
const folder = join(goldens, 't2i-adapter-runs')

interface AdapterRun {
  readonly name: string
  readonly checkpoint: string
  readonly scale: number
  readonly images?: number
  readonly seed: number
  readonly arguments: Readonly<Record<'num_inference_steps' | 'guidance_scale' | 'height' | 'width', number>> & {
    readonly prompt: string
  }
}

const runs = JSON.parse(readFileSync(join(folder, 'runs.json'), 'utf8')) as AdapterRun[]

beforeAll(() => selectBackend({ backend: 'wasm', threads: 1 }))
useLeakCheck()

async function recordedPicture(): Promise<Image> {
  const { shape, values } = (await readTensors(join(folder, 'io.safetensors')))('picture')
  const [height = 0, width = 0] = shape
  return new Image({ width, height, channels: 3, data: Uint8Array.from(values) })
}

async function withAdapter<T>(
  { checkpoint, name }: Pick<AdapterRun, 'checkpoint' | 'name'>,
  executor: 'eager' | 'graph',
  work: (pipe: ModularPipeline) => Promise<T>,
): Promise<T> {
  const blocks = checkpoint.includes('xl') ? new StableDiffusionXLAutoBlocks() : new StableDiffusionAutoBlocks()
  const pipe: ModularPipeline = blocks.remove('decode').initPipeline(join(goldens, 'pipelines', checkpoint))
  await pipe.loadComponents({ executor })
  const adapter = await T2IAdapter.fromPretrained(join(folder, name))
  adapter.useExecutor((pipe.components as unknown as { unet: T2IAdapter }).unet.executor)
  pipe.updateComponents({ adapter })
  return work(pipe).finally(() => {
    pipe.dispose()
    adapter.dispose()
  })
}

describe.each(['eager', 'graph'] as const)('computed by the executor %s', executor => {
  test.each(runs.map(run => [run.name, run] as const))("%s gives PyTorch's latents", async (name, run) => {
    const recorded = await readTensors(join(folder, 'io.safetensors'))
    const { prompt, num_inference_steps: numInferenceSteps, guidance_scale: guidanceScale, ...size } = run.arguments
    const adapterImage = await recordedPicture()
    const latents = await withAdapter(run, executor, pipe =>
      pipe<tf.Tensor>(
        {
          ...{ prompt, numInferenceSteps, guidanceScale, ...size, adapterImage },
          ...{ adapterConditioningScale: run.scale, numImagesPerPrompt: run.images ?? 1 },
        },
        { output: 'latents', seed: run.seed },
      ),
    )
    expectClose(name, toChannelsFirst(latents), recorded(name), { atol: 1e-3, rtol: 1e-3 })
    latents.dispose()
  })
})

test('the conditions in one batch or one by one give the same, and a scale of 0 gives what the model draws alone', () =>
  withAdapter(runs[0] as AdapterRun, 'eager', async pipe => {
    const adapterImage = await recordedPicture()
    const draw = async (more: Record<string, unknown>) => {
      const inputs = { prompt: 'a red apple', numInferenceSteps: 2, height: 32, width: 32, guidanceScale: 3, ...more }
      const latents = await pipe<tf.Tensor>(inputs, { output: 'latents', seed: 1 })
      const plain = toChannelsFirst(latents)
      latents.dispose()
      return plain
    }
    const together = await draw({ adapterImage, batchConditions: true })
    expectClose('one by one', await draw({ adapterImage, batchConditions: false }), together, {
      atol: 1e-5,
      rtol: 1e-4,
    })
    const without = await draw({})
    expect(without).not.toEqual(together)
    expect(await draw({ adapterImage, adapterConditioningScale: 0 })).toEqual(without)
  }))

test('a picture without an adapter, and an adapter of another family, are refused before the first step', () =>
  withAdapter(runs[3] as AdapterRun, 'eager', async pipe => {
    const adapterImage = await recordedPicture()
    const causeOf = async () => {
      const error = await failureOf(pipe({ prompt: 'a', height: 32, width: 32, adapterImage }, { output: 'latents' }))
      return error instanceof BlockExecutionError ? error.cause : error
    }
    const { adapter } = pipe.components as unknown as { adapter: T2IAdapter }
    pipe.updateComponents({ adapter: T2IAdapter.fromConfig({ channels: [8, 8, 8] }) })
    expect(await causeOf()).toBeInstanceOf(IncompatibleComponentsError)
    const ofStableDiffusion = { channels: [8, 16, 16, 16], downscaleFactor: adapter.config.downscaleFactor / 2 }
    pipe.updateComponents({ adapter: T2IAdapter.fromConfig(ofStableDiffusion) })
    expect(String(await causeOf())).toContain('the first map of the T2I-Adapter has a position for 8 × 8 pixels')
    pipe.updateComponents({ adapter: null })
    const missing = await causeOf()
    expect(missing).toBeInstanceOf(InputTypeError)
    expect((missing as Error).message).toContain('the pipeline has no T2I-Adapter for it')
    adapter.dispose()
  }))

test('a picture whose sides the adapter does not divide is refused', async () => {
  const adapter = await T2IAdapter.fromPretrained(join(folder, 'sd_full'))
  const { downscaleFactor } = adapter.config
  const picture = tf.zeros<tf.Rank.R4>([1, downscaleFactor, downscaleFactor + 1, 3])
  await expect(adapter.call(picture)).rejects.toThrow(`must be multiples of ${downscaleFactor}`)
  expect(adapter.totalDownscaleFactor).toBe(downscaleFactor * 8)
  picture.dispose()
  adapter.dispose()
})
