/** The tiny base model of Stable Diffusion XL and its refiner, loaded once for a file of tests, and what calls of them come to. */
import * as tf from '@tensorflow/tfjs'
import { BlockExecutionError, Image, PipelineValidationError, selectBackend } from '../../../index'
import { useLeakCheck } from '../../components/tensors/use-leak-check'
import { collectWarnings, failureOf, take } from '../use-emoji-model'
import { baseFolder, load, refinerFolder, removeFolders } from './tiny-models'

export type Inputs = Record<string, unknown>
export type Pipeline = Awaited<ReturnType<typeof load>>

export const picture = new Image({ width: 64, height: 64, channels: 3, data: new Uint8Array(64 * 64 * 3).fill(200) })
export const mask = new Image({ width: 64, height: 64, channels: 1, data: new Uint8Array(64 * 64).fill(255, 64 * 32) })
export const shared = {
  prompt: 'a cat',
  numInferenceSteps: 2,
  height: 64,
  width: 64,
  outputType: 'tensor',
  guidanceScale: 5,
}

/** Both pipelines. */
interface TinyPipelines {
  base: Pipeline
  refiner: Pipeline
  /** A pipeline for one test. */
  readonly opened: (folder: string) => Promise<Pipeline>
}

/** Loads both before the tests of a file, and checks that no test leaves tensors. */
export function useTinyPipelines(): TinyPipelines {
  const pipelines: Pipeline[] = []
  const tiny = {
    async opened(folder: string) {
      const pipe = await load(folder)
      pipelines.push(pipe)
      return pipe
    },
  } as TinyPipelines // The others are there when a test runs.
  beforeAll(async () => {
    await selectBackend({ backend: 'wasm', threads: 1 })
    tiny.base = await load(baseFolder)
    tiny.refiner = await load(refinerFolder())
  })
  afterEach(() => {
    for (const pipe of pipelines.splice(0)) pipe.dispose()
  })
  useLeakCheck()
  afterAll(() => {
    tiny.base.dispose()
    tiny.refiner.dispose()
    removeFolders()
  })
  return tiny
}

export async function draw(pipe: Pipeline, inputs: Inputs, output = 'images') {
  return take((await pipe(inputs as never, { output: output as 'images', seed: 1 })) as unknown as tf.Tensor)
}

export async function warningsOf(pipe: Pipeline, inputs: Inputs): Promise<string[]> {
  const { warnings, onEvent } = collectWarnings()
  tf.dispose((await pipe(inputs as never, { output: 'images', seed: 1, onEvent })) as unknown as tf.Tensor)
  return warnings.map(({ code, message }) => `${code}: ${message}`)
}

/** What a call fails with: the error of the block, or the first problem of the call. */
export async function problemOf(pipe: Pipeline, inputs: Inputs) {
  const error = await failureOf(draw(pipe, inputs))
  if (error instanceof PipelineValidationError) return error.issues[0]
  return error instanceof BlockExecutionError ? error.cause : error
}
