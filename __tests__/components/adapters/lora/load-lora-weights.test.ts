/** LoRAs of a pipeline: loading, weights, who sees them, and what is left when they are gone. */
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { eagerExecutor } from '../../../../components/executors/eager-executor'
import {
  AdapterNameError,
  type BaseGuidance,
  ComponentContainer,
  ComponentTypeError,
  deleteAdapters,
  disableLora,
  enableLora,
  fuseLora,
  GraphExecutor,
  getActiveAdapters,
  getListAdapters,
  loadLoraWeights,
  MissingComponentError,
  type ModularPipeline,
  ModularPipelineBlocks,
  PerturbedAttentionGuidance,
  SkipLayerGuidance,
  SmoothedEnergyGuidance,
  StableDiffusionTextToImageBlocks,
  selectBackend,
  setAdapters,
  unfuseLora,
  unloadLoraWeights,
} from '../../../../index'
import { useLeakCheck } from '../../tensors/use-leak-check'
import { checkpoint, differenceOf, drawWith, loadPipe, loraFile } from './lora-files'

let graphExecutor: GraphExecutor
beforeAll(async () => {
  // Jest fills the processors with files: threads would only wait for each other.
  await selectBackend({ backend: 'wasm', threads: 1 })
  graphExecutor = new GraphExecutor({ threads: 1, maxSessions: 64 })
})
const graph = () => graphExecutor
const executors = { eager: () => eagerExecutor, graph }
/** What another order of sums may change. */
const CLOSE = 2e-3

/** Transformers that have several tokens in a small picture. */
const TOP = 'down_blocks.0.attentions.0.transformer_blocks'
/** Guiders that put hooks into every step. */
const guiders: Record<string, () => BaseGuidance> = {
  PerturbedAttentionGuidance: () =>
    new PerturbedAttentionGuidance({
      guidanceScale: 7.5,
      perturbedGuidanceStart: 0,
      perturbedGuidanceStop: 1,
      perturbedGuidanceConfig: {
        indices: [0],
        fqn: TOP,
        skipAttention: false,
        skipAttentionScores: true,
        skipFf: false,
      },
    }),
  SkipLayerGuidance: () =>
    new SkipLayerGuidance({
      guidanceScale: 7.5,
      skipLayerGuidanceStart: 0,
      skipLayerGuidanceStop: 1,
      skipLayerGuidanceLayers: [0],
    }),
  SmoothedEnergyGuidance: () =>
    new SmoothedEnergyGuidance({ guidanceScale: 7.5, segGuidanceConfig: { indices: [0], fqn: TOP } }),
}

let pipe: ModularPipeline
let emitWarning: jest.SpyInstance
beforeEach(() => {
  // The checkpoint has a vocabulary of its own.
  emitWarning = jest.spyOn(process, 'emitWarning').mockImplementation()
})
afterEach(() => {
  emitWarning.mockRestore()
  pipe.dispose()
  graphExecutor.dispose()
})
useLeakCheck() // After what disposes the pipeline.

describe.each(['eager', 'graph'] as const)('computed by the executor %s', by => {
  beforeEach(async () => {
    pipe = await loadPipe(executors[by]())
  })

  test('a pipeline whose LoRAs are gone draws what it drew before, to the byte', async () => {
    const before = await drawWith(pipe)
    await loadLoraWeights(pipe, loraFile('peft'), { adapterName: 'a' })
    const adapted = await drawWith(pipe)
    expect(differenceOf(adapted, before)).toBeGreaterThan(0.01)
    disableLora(pipe)
    expect(await drawWith(pipe)).toEqual(before)
    enableLora(pipe)
    expect(await drawWith(pipe)).toEqual(adapted)
    await loadLoraWeights(pipe, loraFile('kohya_locon'), { adapterName: 'b' })
    expect(differenceOf(await drawWith(pipe), adapted)).toBeGreaterThan(0.01)
    deleteAdapters(pipe, 'b')
    expect(await drawWith(pipe)).toEqual(adapted)
    unloadLoraWeights(pipe)
    expect(await drawWith(pipe)).toEqual(before)
  })

  test('fused LoRAs draw the same without hooks, and taking them out again gives the first picture to the byte', async () => {
    const before = await drawWith(pipe)
    await loadLoraWeights(pipe, loraFile('peft'), { adapterName: 'a' })
    await loadLoraWeights(pipe, loraFile('kohya_locon'), { adapterName: 'b' })
    setAdapters(pipe, ['a', 'b'], [0.7, 0.4])
    const adapted = await drawWith(pipe)
    await fuseLora(pipe)
    expect(differenceOf(await drawWith(pipe), adapted)).toBeLessThan(CLOSE)
    unloadLoraWeights(pipe)
    expect(differenceOf(await drawWith(pipe), adapted)).toBeLessThan(CLOSE)
    unfuseLora(pipe)
    expect(await drawWith(pipe)).toEqual(before)
  })

  test.each(Object.keys(guiders))('the hooks of the guider %s change what LoRAs give', async name => {
    const before = await drawWith(pipe)
    const { guider: former } = pipe.components
    pipe.updateComponents({ guider: guiders[name]?.() })
    const guided = await drawWith(pipe)
    expect(differenceOf(guided, before)).toBeGreaterThan(0.01)
    await loadLoraWeights(pipe, loraFile('peft'))
    await loadLoraWeights(pipe, loraFile('kohya_locon'))
    setAdapters(pipe, ['default_0', 'default_1'], [0.8, 0.3])
    const adapted = await drawWith(pipe)
    expect(differenceOf(adapted, guided)).toBeGreaterThan(0.01)
    // With the sums in the weights themselves, the hooks of the guider are alone.
    await fuseLora(pipe)
    expect(differenceOf(await drawWith(pipe), adapted)).toBeLessThan(CLOSE)
    unfuseLora(pipe)
    unloadLoraWeights(pipe)
    expect(await drawWith(pipe)).toEqual(guided)
    pipe.updateComponents({ guider: former })
    expect(await drawWith(pipe)).toEqual(before)
  })

  test('a run keeps the LoRAs with which it began', async () => {
    await loadLoraWeights(pipe, loraFile('peft'), { adapterName: 'a' })
    const adapted = await drawWith(pipe)
    const images = await pipe<import('@tensorflow/tfjs').Tensor>(
      { prompt: 'a red apple', height: 32, width: 32, numInferenceSteps: 2, outputType: 'tensor' },
      {
        output: 'images',
        seed: 1,
        onEvent: event => {
          if (event.type !== 'loopStep' || event.step !== 1) return
          setAdapters(pipe, 'a', 0.1)
          unloadLoraWeights(pipe)
        },
      },
    )
    expect(await images.data()).toEqual(adapted)
    images.dispose()
    expect(getActiveAdapters(pipe)).toEqual([])
  })

  test('pipelines that share models do not see each other’s LoRAs', async () => {
    const other: ModularPipeline = new StableDiffusionTextToImageBlocks().initPipeline()
    const { unet, textEncoder, vae, tokenizer, scheduler } = pipe.components
    other.updateComponents({ unet, textEncoder, vae, tokenizer, scheduler })
    const before = await drawWith(other)
    await loadLoraWeights(pipe, loraFile('peft'))
    const [adapted, plain] = await Promise.all([drawWith(pipe), drawWith(other)])
    expect(plain).toEqual(before)
    expect(differenceOf(adapted, before)).toBeGreaterThan(0.01)
    await fuseLora(pipe)
    expect(await drawWith(other)).toEqual(before)
    unfuseLora(pipe)
    other.dispose()
  })

  test('models of a shared container come into sight again when nothing is fused any more', async () => {
    const { unet, textEncoder, vae, tokenizer, scheduler } = pipe.components
    const container = ComponentContainer.create()
    for (const [name, useValue] of Object.entries({ unet, textEncoder, vae, tokenizer, scheduler })) {
      container.register(name, { useValue })
    }
    const other: ModularPipeline = new StableDiffusionTextToImageBlocks().initPipeline(undefined, { container })
    const before = await drawWith(other)
    await loadLoraWeights(other, loraFile('peft'))
    await fuseLora(other)
    expect(other.components['unet']).not.toBe(unet)
    unfuseLora(other)
    unloadLoraWeights(other)
    expect(other.components['unet']).toBe(unet)
    expect(await drawWith(other)).toEqual(before)
    await loadLoraWeights(other, loraFile('peft'))
    await fuseLora(other)
    other.dispose()
    expect(await drawWith(pipe)).toEqual(before)
  })
})

test('a scale without a LoRA causes a warning', async () => {
  pipe = await loadPipe(graph())
  emitWarning.mockClear()
  await drawWith(pipe, { crossAttentionKwargs: { scale: 0.5 } })
  const texts = emitWarning.mock.calls.map(([text]) => String(text))
  expect(texts).toContain('crossAttentionKwargs.scale is 0.5, but no LoRA is active: it was ignored.')
  await expect(drawWith(pipe, { crossAttentionKwargs: { scael: 0.5 } })).rejects.toThrow('scael')
})

test('another weight makes no new session', async () => {
  pipe = await loadPipe(graph())
  await loadLoraWeights(pipe, loraFile('peft'), { adapterName: 'a' })
  await loadLoraWeights(pipe, loraFile('kohya_small_fp16'), { adapterName: 'b' })
  const first = await drawWith(pipe)
  const { sessionCount } = graph()
  setAdapters(pipe, ['a', 'b'], [0.4, { unet: { down: 0.2, mid: 0 } }])
  const second = await drawWith(pipe)
  const third = await drawWith(pipe, { crossAttentionKwargs: { scale: 0.5 } })
  expect(differenceOf(first, second)).toBeGreaterThan(0.01)
  expect(differenceOf(second, third)).toBeGreaterThan(0.01)
  expect(graph().sessionCount).toBe(sessionCount)
})

describe('names and weights', () => {
  beforeEach(async () => {
    pipe = await loadPipe(graph())
  })

  test('are listed', async () => {
    expect(await loadLoraWeights(pipe, loraFile('peft'))).toBe('default_0')
    expect(await loadLoraWeights(pipe, loraFile('kohya_small_fp16'), { adapterName: 'small' })).toBe('small')
    expect(getActiveAdapters(pipe)).toEqual(['default_0', 'small'])
    expect(getListAdapters(pipe)).toEqual({ unet: ['default_0', 'small'], textEncoder: ['default_0'] })
    setAdapters(pipe, 'small')
    expect(getActiveAdapters(pipe)).toEqual(['small'])
    deleteAdapters(pipe, ['small', 'default_0'])
    expect([getActiveAdapters(pipe), getListAdapters(pipe)]).toEqual([[], {}])
  })

  test('that make no sense are refused, and change nothing', async () => {
    await loadLoraWeights(pipe, loraFile('peft'), { adapterName: 'a' })
    await expect(loadLoraWeights(pipe, loraFile('peft'), { adapterName: 'a' })).rejects.toThrow(
      'The adapter "a" is loaded already. Choose another name, or delete it first. Loaded adapters: "a".',
    )
    const set = (names: string | string[], weights?: unknown) => () => setAdapters(pipe, names, weights as number)
    expect(set('b')).toThrow(AdapterNameError)
    expect(set(['a'], [1, 2])).toThrow('got 2 weights. Pass one for each of 1 names')
    expect(set('a', Number.NaN)).toThrow('its weight must be a finite number, but is NaN')
    expect(set('a', { vae: 1 })).toThrow('a weight for "vae", which is not a component')
    expect(set('a', { unet: { side: 1 } })).toThrow(/weights.side.*expected one of down, mid, up/)
    expect(set('a', { unet: { up: { block_0: 1 } } })).toThrow(/weights.up.block_0.*the UNet has attention in/)
    expect(set('a', { unet: { down: { block_0: [1, 2, 3] } } })).toThrow(
      /weights.down.block_0.*one for each of its \d transformers/,
    )
    expect(() => deleteAdapters(pipe, ['a', 'b'])).toThrow('The adapter "b" is not loaded')
    expect(getActiveAdapters(pipe)).toEqual(['a'])
    await expect(fuseLora(pipe, { adapterNames: ['b'] })).rejects.toThrow('is not active, and cannot be fused')
    const components = ['vae'] as unknown as ['unet']
    await expect(fuseLora(pipe, { components })).rejects.toThrow('A LoRA has no component "vae"; it has "unet"')
    expect(() => unfuseLora(pipe, { components })).toThrow('A LoRA has no component "vae"; it has "unet"')
    await fuseLora(pipe)
    await expect(fuseLora(pipe)).rejects.toThrow('is fused into unet already. Call unfuseLora() first')
    unfuseLora(pipe)
  })

  test('a folder or a file name says which file is meant', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tesserae-lora-'))
    try {
      await expect(loadLoraWeights(pipe, folder)).rejects.toThrow('holds no .safetensors file')
      const named = loadLoraWeights(pipe, folder, { weightName: 'one.safetensors' })
      await expect(named).rejects.toThrow('holds no file "one.safetensors". It holds no .safetensors file.')
      cpSync(loraFile('peft'), join(folder, 'one.safetensors'))
      expect(await loadLoraWeights(pipe, folder)).toBe('default_0')
      cpSync(loraFile('peft'), join(folder, 'two.safetensors'))
      await expect(loadLoraWeights(pipe, folder)).rejects.toThrow(
        /holds 2 .safetensors files. Pass one of them as weightName/,
      )
      expect(await loadLoraWeights(pipe, folder, { weightName: 'two.safetensors' })).toBe('default_1')
      await expect(loadLoraWeights(pipe, folder, { weightName: 'three.safetensors' })).rejects.toThrow(
        'holds no file "three.safetensors"',
      )
      mkdirSync(join(folder, 'styles'))
      cpSync(loraFile('peft'), join(folder, 'styles', 'ink.safetensors'))
      expect(await loadLoraWeights(pipe, folder, { weightName: 'styles/ink.safetensors' })).toBe('default_2')
      await expect(loadLoraWeights(pipe, join(folder, 'none'))).rejects.toThrow('there is no such file or folder')
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})

test('a pipeline without a UNet, or without blocks that take adapters, fails with that reason', async () => {
  pipe = new StableDiffusionTextToImageBlocks().initPipeline(checkpoint)
  await expect(loadLoraWeights(pipe, loraFile('peft'))).rejects.toThrow(MissingComponentError)
  class Nothing extends ModularPipelineBlocks {
    run() {}
  }
  const other = new Nothing().initPipeline()
  expect(() => getActiveAdapters(other)).toThrow(ComponentTypeError)
})
