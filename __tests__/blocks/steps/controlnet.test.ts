/** ControlNets in a pipeline: what they must be, what they go together with, and what they cost. */
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as tf from '@tensorflow/tfjs'
import { flattenTree } from '../../../components/backends/recorder/tensor-tree'
import { eagerExecutor } from '../../../components/executors/eager-executor'
import type { ModelCall } from '../../../components/executors/model-call'
import {
  BlockExecutionError,
  ControlNet,
  ControlNetModel,
  Image,
  IncompatibleComponentsError,
  InputTypeError,
  loadLoraWeights,
  type ModularPipeline,
  MultiControlNetModel,
  PerturbedAttentionGuidance,
  PipelineValidationError,
  selectBackend,
  type UNet2DConditionModel,
  unloadLoraWeights,
} from '../../../index'
import '../../../testing/jest'
import { safetensorsBytes } from '../../components/checkpoints/safetensors-bytes'
import { useLeakCheck } from '../../components/tensors/use-leak-check'
import { baseFolder, folderWith, load, refinerFolder, removeFolders } from '../stable-diffusion-xl/tiny-models'
import { failureOf, take } from '../use-emoji-model'

type Pipeline = Awaited<ReturnType<typeof load>>
type Inputs = Record<string, unknown>

let pipe: Pipeline
let plain: ControlNetModel
let union: ControlNet

beforeAll(async () => {
  await selectBackend({ backend: 'wasm', threads: 1 })
  pipe = await load(baseFolder)
  plain = await ControlNetModel.fromPretrained(baseFolder, { subfolder: 'controlnet' })
  union = await ControlNet.fromPretrained(baseFolder, { subfolder: 'controlnet_union' })
})
beforeEach(() => void pipe.updateComponents({ controlnet: plain }))
useLeakCheck()
afterAll(() => {
  pipe.dispose()
  plain.dispose()
  union.dispose()
  removeFolders()
})

const pictureOf = (size: number, shade: (i: number) => number) =>
  new Image({
    width: size,
    height: size,
    channels: 3,
    data: Uint8Array.from({ length: size * size * 3 }, (_, i) => shade(i)),
  })
const outline = pictureOf(64, i => (i % 64 < 8 ? 255 : 0))
const photo = pictureOf(64, i => i % 256)
const maskImage = new Image({ width: 64, height: 64, channels: 1, data: new Uint8Array(64 * 64).fill(255, 64 * 32) })
const shared = { prompt: 'a cat', numInferenceSteps: 2, height: 64, width: 64, outputType: 'tensor', guidanceScale: 5 }

async function draw(inputs: Inputs, of: Pipeline = pipe): Promise<Float32Array> {
  const images = (await of({ ...shared, ...inputs } as never, { output: 'images', seed: 1 })) as unknown as tf.Tensor
  return Float32Array.from(take(images).values as ArrayLike<number>)
}

async function problemOf(inputs: Inputs, of: Pipeline = pipe) {
  const error = await failureOf(draw(inputs, of))
  if (error instanceof PipelineValidationError) return error.issues[0]
  return error instanceof BlockExecutionError ? error.cause : error
}

const control = { controlImage: outline }

/** The greatest difference of two pictures. */
function farthest(a: Float32Array, b: Float32Array): number {
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - (b[i] as number))), 0)
}

/** A file with a LoRA of rank 1 for one layer of a UNet. */
function loraOf(unet: UNet2DConditionModel): Buffer {
  const [name = '', { shape }] = [...unet.namedParameters()].find(([key]) => key.endsWith('attn1.to_q.weight')) ?? [
    '',
    { shape: [0, 0] },
  ]
  const [out = 0, width = 0] = shape
  const layer = `unet.${name.replace(/\.weight$/, '')}`
  const header = {
    [`${layer}.lora_A.weight`]: { dtype: 'F32', shape: [1, width], data_offsets: [0, 4 * width] },
    [`${layer}.lora_B.weight`]: { dtype: 'F32', shape: [out, 1], data_offsets: [4 * width, 4 * (width + out)] },
  }
  const values = Float32Array.from({ length: width + out }, (_, i) => ((i % 3) - 1) * 2)
  return Buffer.concat([safetensorsBytes(header), Buffer.from(values.buffer)])
}

describe('a ControlNet', () => {
  test('changes the picture, and taking it away gives the first one back, byte for byte', async () => {
    pipe.updateComponents({ controlnet: null })
    const before = await draw({})
    pipe.updateComponents({ controlnet: plain })
    expect(await draw({})).toEqual(before)
    expect(await draw(control)).not.toEqual(before)
    expect(await draw({ ...control, controlnetConditioningScale: 0 })).toEqual(before)
    pipe.updateComponents({ controlnet: null })
    expect(await draw({})).toEqual(before)
  })

  test.each([
    ['image to image', { image: photo, strength: 0.5, numInferenceSteps: 4 }],
    ['inpainting', { image: photo, maskImage, strength: 0.9, numInferenceSteps: 4 }],
  ])('goes together with %s', async (_name, task) => {
    expect(await draw({ ...task, ...control })).not.toEqual(await draw(task))
  })

  test('gives the same whether conditions go in one batch or one by one, also in guess mode', async () => {
    for (const guessMode of [false, true]) {
      const [together, apart] = [
        await draw({ ...control, guessMode, batchConditions: true }),
        await draw({ ...control, guessMode, batchConditions: false }),
      ]
      expect(farthest(together, apart)).toBeLessThan(1e-3)
    }
  })

  test("goes together with a guider's hooks", async () => {
    const guider = new PerturbedAttentionGuidance({
      guidanceScale: 5,
      perturbedGuidanceStart: 0,
      perturbedGuidanceStop: 1,
      perturbedGuidanceLayers: [0],
    })
    const own = pipe.components.guider
    pipe.updateComponents({ guider })
    const { guidanceScale: _, ...inputs } = shared
    const perturbed = async (given: Inputs) => {
      const images = (await pipe({ ...inputs, ...given } as never, {
        output: 'images',
        seed: 1,
      })) as unknown as tf.Tensor
      return Float32Array.from(take(images).values as ArrayLike<number>)
    }
    const [without, together, apart] = [
      await perturbed({}),
      await perturbed({ ...control, batchConditions: true }),
      await perturbed({ ...control, batchConditions: false }),
    ]
    pipe.updateComponents({ guider: own })
    expect(together).not.toEqual(without)
    expect(farthest(together, apart)).toBeLessThan(1e-3)
  })

  test('goes together with a LoRA, and each leaves the other as it was', async () => {
    const along = await draw(control)
    const folder = mkdtempSync(join(tmpdir(), 'tesserae-controlnet-'))
    const file = join(folder, 'lora.safetensors')
    writeFileSync(file, loraOf(pipe.components.unet as UNet2DConditionModel))
    await loadLoraWeights(pipe as unknown as ModularPipeline, file)
    const [adapted, both] = [await draw({}), await draw(control)]
    expect(both).not.toEqual(adapted)
    expect(both).not.toEqual(along)
    expect(farthest(both, await draw({ ...control, batchConditions: false }))).toBeLessThan(1e-3)
    unloadLoraWeights(pipe as unknown as ModularPipeline)
    rmSync(folder, { recursive: true, force: true })
    expect(await draw(control)).toEqual(along)
  })

  test('costs nothing in steps in which it does not take part', async () => {
    const run = jest.spyOn(eagerExecutor, 'run')
    await draw({ ...control, numInferenceSteps: 4, controlGuidanceEnd: 0.5 })
    const methods = run.mock.calls.map(([call]) => (call as ModelCall<unknown, unknown>).method)
    run.mockRestore()
    expect(methods.filter(method => method.includes('ControlNetModel'))).toHaveLength(2)
    expect(methods.filter(method => method === 'forward' || method.startsWith('forward '))).toHaveLength(4 + 2)
  })

  test('gets ready for what it is called with', async () => {
    for (const inputs of [control, { ...control, guessMode: true }, { ...control, batchConditions: false }]) {
      const prepare = jest.spyOn(eagerExecutor, 'prepare')
      const run = jest.spyOn(eagerExecutor, 'run')
      await draw(inputs)
      const forms = (calls: readonly unknown[][]) =>
        calls
          .map(([call]) => call as ModelCall<never, unknown>)
          .filter(({ method }) => method.includes('ControlNetModel'))
          .map(({ method, inputs: given }) => `${method} ${flattenTree(given).signature}`)
      const [prepared, called] = [forms(prepare.mock.calls), forms(run.mock.calls)]
      prepare.mockRestore()
      run.mockRestore()
      expect(new Set(prepared)).toEqual(new Set(called))
    }
  })
})

describe('a union ControlNet', () => {
  beforeEach(() => void pipe.updateComponents({ controlnet: union }))

  test('takes the kind of each picture', async () => {
    const one = await draw({ controlImage: outline, controlMode: 1 })
    expect(await draw({ controlImage: outline, controlMode: 3 })).not.toEqual(one)
    expect(await draw({ controlImage: [outline, photo], controlMode: [1, 3] })).not.toEqual(one)
  })

  test('takes a guess, of which the other conditions see nothing', async () => {
    const inputs = { controlImage: outline, controlMode: 0, guessMode: true }
    const [together, apart] = [
      await draw({ ...inputs, batchConditions: true }),
      await draw({ ...inputs, batchConditions: false }),
    ]
    expect(farthest(together, apart)).toBeLessThan(1e-3)
  })

  test('is refused without kinds, with unknown ones, and with another number of them than of pictures', async () => {
    expect(await problemOf({ controlImage: outline })).toMatchObject({ input: 'controlMode', code: 'INPUT_TYPE' })
    const unknown = await problemOf({ controlImage: outline, controlMode: 6 })
    expect((unknown as Error).message).toContain('the kinds 0 to 5')
    const fewer = await problemOf({ controlImage: [outline], controlMode: [1, 2] })
    expect((fewer as Error).message).toContain('one element for each of the 2 pictures')
  })
})

describe('before the first step', () => {
  const expectProblem = async (inputs: Inputs, input: string, text: string) => {
    const problem = await problemOf(inputs)
    expect(problem).toBeInstanceOf(InputTypeError)
    expect(problem).toMatchObject({ input })
    expect((problem as Error).message).toContain(text)
  }

  test('a picture without a ControlNet is refused', async () => {
    pipe.updateComponents({ controlnet: null })
    await expectProblem(control, 'controlImage', 'the pipeline has no ControlNet')
  })

  test('a ControlNet of another family is refused', async () => {
    const refiner = await load(refinerFolder())
    refiner.updateComponents({ controlnet: plain })
    const error = await problemOf({ image: photo, strength: 0.5, controlImage: outline }, refiner)
    refiner.dispose()
    expect(error).toBeInstanceOf(IncompatibleComponentsError)
    expect((error as Error).message).toContain('and that of the UNet')
  })

  test.each([
    ['two scales', { controlnetConditioningScale: [1, 2] }, 'controlnetConditioningScale', 'each of the 1 ControlNets'],
    ['two beginnings', { controlGuidanceStart: [0, 0] }, 'controlGuidanceStart', 'each of the 1 ControlNets'],
    [
      'an interval of nothing',
      { controlGuidanceStart: 0.5, controlGuidanceEnd: 0.5 },
      'controlGuidanceStart',
      'less than',
    ],
    ['two pictures for one result', { controlImage: [outline, photo] }, 'controlImage', 'cannot be divided evenly'],
  ])('%s are refused for one ControlNet', (_name, inputs, input, text) =>
    expectProblem({ ...control, ...inputs }, input, text),
  )

  test('kinds are refused for a ControlNet that knows none', async () => {
    const error = await problemOf({ ...control, controlMode: 1 })
    expect(error).toBeInstanceOf(IncompatibleComponentsError)
    expect((error as Error).message).toContain('controlMode is for a ControlNetUnionModel')
  })

  test('a tensor of other values is refused', async () => {
    const controlImage = tf.fill([1, 64, 64, 3], 255)
    await expectProblem({ controlImage }, 'controlImage', 'its values must lie from 0 to 1')
    controlImage.dispose()
  })

  test('several ControlNets need as many pictures', async () => {
    pipe.updateComponents({ controlnet: new MultiControlNetModel([plain, plain]) })
    await expectProblem(control, 'controlImage', 'one element for each of the 2 ControlNets')
    const both = await draw({ controlImage: [outline, outline], controlnetConditioningScale: [0.5, 0.25] })
    pipe.updateComponents({ controlnet: plain })
    const one = await draw({ controlImage: outline, controlnetConditioningScale: 0.75 })
    expect(farthest(both, one)).toBeLessThan(1e-3)
  })
})

test('an index names the ControlNet, and the automatic blocks load it', async () => {
  const folder = folderWith(
    { _class_name: 'StableDiffusionXLControlNetPipeline', controlnet: ['diffusers', 'ControlNetModel'] },
    {},
  )
  symlinkSync(join(baseFolder, 'controlnet'), join(folder, 'controlnet'), 'junction')
  const own = await load(folder)
  expect(await draw(control, own)).toEqual(await draw(control))
  own.dispose()
})
