/**
 * What the models of Stable Diffusion XL get ready for is what they are called with: base models and refiners differ in
 * the UNet's additional conditions.
 */
import type * as tf from '@tensorflow/tfjs'
import { flattenTree } from '../../../components/backends/recorder/tensor-tree'
import { eagerExecutor } from '../../../components/executors/eager-executor'
import type { ModelCall } from '../../../components/executors/model-call'
import { Image, selectBackend } from '../../../index'
import { useLeakCheck } from '../../components/tensors/use-leak-check'
import { baseFolder, load, refinerFolder, removeFolders } from './tiny-models'

type Pipeline = Awaited<ReturnType<typeof load>>

let base: Pipeline
let refiner: Pipeline

beforeAll(async () => {
  await selectBackend({ backend: 'wasm', threads: 1 })
  base = await load(baseFolder)
  refiner = await load(refinerFolder())
})
useLeakCheck()
afterAll(() => {
  base.dispose()
  refiner.dispose()
  removeFolders()
})

const picture = new Image({ width: 64, height: 64, channels: 3, data: new Uint8Array(64 * 64 * 3).fill(200) })
const maskImage = new Image({ width: 64, height: 64, channels: 1, data: new Uint8Array(64 * 64).fill(255, 64 * 32) })

/** The forms of calls of the UNet and of the VAE's decoder. */
function formsOf(calls: readonly unknown[][], { unet, vae }: { unet: unknown; vae: unknown }): string[] {
  const all = calls.map(([call]) => call as ModelCall<never, unknown>)
  const later = all.filter(({ model, method }) => model === unet || (model === vae && method !== 'encode'))
  return [...new Set(later.map(({ method, inputs }) => `${method} ${flattenTree(inputs).signature}`))].sort()
}

test.each([
  ['a base model', () => base, {}],
  ['a base model without guidance', () => base, { guidanceScale: 1 }],
  ['a base model that predicts one condition at once', () => base, { batchConditions: false, numImagesPerPrompt: 2 }],
  ['a base model with a picture', () => base, { image: picture, strength: 0.5 }],
  ['a base model with a mask', () => base, { image: picture, maskImage, strength: 0.5 }],
  ['a refiner', () => refiner, { image: picture, strength: 0.5 }],
  ['a refiner with a mask', () => refiner, { image: picture, maskImage, strength: 0.5 }],
] as const)('of %s', async (name, pipeline, inputs) => {
  const prepare = jest.spyOn(eagerExecutor, 'prepare')
  const run = jest.spyOn(eagerExecutor, 'run')
  const pipe = pipeline()
  const given = { prompt: 'a cat', numInferenceSteps: 2, height: 64, width: 64, outputType: 'tensor', ...inputs }
  const images = (await pipe(given as never, { output: 'images', seed: 1 })) as unknown as tf.Tensor
  images.dispose()
  const { unet, vae } = pipe.components
  const [prepared, called] = [formsOf(prepare.mock.calls, { unet, vae }), formsOf(run.mock.calls, { unet, vae })]
  prepare.mockRestore()
  run.mockRestore()
  expect(called).toEqual([expect.stringContaining('decode'), expect.stringContaining('forward')])
  // With a mask, the steps that decode depend on paddingMaskCrop, which a block before them takes and may fill in.
  expect(prepared).toEqual('maskImage' in inputs ? called.slice(1) : called)
  expect(called.join()).toContain(name.includes('refiner') ? ',5]' : ',6]')
})
