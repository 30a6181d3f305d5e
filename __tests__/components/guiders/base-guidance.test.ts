import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as tf from '@tensorflow/tfjs'
import { ComponentClassError } from '../../../components/configs/component-class-error'
import { MissingFileError } from '../../../components/files/missing-file-error'
import { BaseGuidance } from '../../../components/guiders/base-guidance'
import { ClassifierFreeGuidance } from '../../../components/guiders/classifier-free-guidance'
import { GuiderArgumentError } from '../../../components/guiders/guider-argument-error'
import { UnknownGuiderError } from '../../../components/guiders/unknown-guider-error'
import { Module } from '../../../components/nn/module'
import { isRunScoped } from '../../../src/container/run-scoped'
import type { ComponentClass } from '../../../src/params/component-class'
import { useBackend } from '../models/use-backend'

useBackend('cpu')

const denoiser = new (class extends Module {})()

test('a step goes from state to inputs to predictions to one prediction', () => {
  const guider = new ClassifierFreeGuidance({ guidanceScale: 3 })
  tf.tidy(() => {
    const [sample, prompt, negative] = [tf.scalar(1), tf.scalar(10), tf.scalar(20)]
    guider.setState(0, 5, 999)
    const batches = guider.prepareInputs({ sample, embeds: { cond: prompt, uncond: negative }, ipAdapter: undefined })
    expect(batches.map(({ prediction }) => prediction)).toEqual(['predCond', 'predUncond'])
    expect(batches.map(({ inputs }) => inputs)).toEqual([
      { sample, embeds: prompt },
      { sample, embeds: negative },
    ])
    const conditional = batches.map(batch => {
      guider.prepareModels(denoiser)
      batch.noisePred = batch.inputs.embeds.mul(0.1)
      guider.cleanupModels(denoiser)
      return [guider.isConditional, guider.isUnconditional]
    })
    expect(conditional).toEqual([
      [true, false],
      [false, true],
    ])
    const { pred, predCond, predUncond } = guider.call(batches)
    expect([pred, predCond, predUncond].map(tensor => tensor?.dataSync()[0])).toEqual([
      expect.closeTo(-1, 6),
      expect.closeTo(1, 6),
      expect.closeTo(2, 6),
    ])
  })
})

test('conditions are inside of objects and lists, and a list is a list', () => {
  const guider = new ClassifierFreeGuidance({ guidanceScale: 3 })
  tf.tidy(() => {
    const [a, b, c, d] = [tf.scalar(1), tf.scalar(2), tf.scalar(3), tf.scalar(4)]
    const inputs = {
      addedCondKwargs: { textEmbeds: { cond: a, uncond: b }, timeIds: c },
      residuals: [c, { cond: d, uncond: a }],
      settings: { scale: 2, name: 'x' },
    }
    expect(guider.prepareInputs(inputs).map(batch => batch.inputs)).toEqual([
      { addedCondKwargs: { textEmbeds: a, timeIds: c }, residuals: [c, d], settings: { scale: 2, name: 'x' } },
      { addedCondKwargs: { textEmbeds: b, timeIds: c }, residuals: [c, a], settings: { scale: 2, name: 'x' } },
    ])
    expect(() => guider.prepareInputs({ added: { ids: { cond: a } } })).toThrow(
      'the input "added.ids" has no value for the prediction "predUncond"',
    )
  })
})

test('the prediction is a new tensor, also where the guider takes no part', () => {
  const guider = new ClassifierFreeGuidance({ enabled: false })
  const noisePred = tf.scalar(3)
  const [batch] = guider.prepareInputs({})
  const { pred, predUncond } = guider.call([{ ...(batch as NonNullable<typeof batch>), noisePred }])
  noisePred.dispose()
  expect([pred.dataSync()[0], predUncond]).toEqual([3, undefined])
  pred.dispose()
})

test('the state tells where the run is', () => {
  const guider = new ClassifierFreeGuidance({ stop: 0.5 })
  guider.setState(4, 5, 12.5)
  guider.prepareModels(denoiser)
  expect(guider.getState()).toEqual({
    step: 4,
    numInferenceSteps: 5,
    timestep: 12.5,
    countPrepared: 1,
    enabled: true,
    numConditions: 1,
  })
  guider.setState(0, 5, 999)
  expect(guider.getState()).toMatchObject({ countPrepared: 0, numConditions: 2 })
})

test('can be disabled and enabled, which is not a setting', () => {
  const guider = new ClassifierFreeGuidance()
  guider.disable()
  expect([guider.numConditions, guider.config.enabled, guider.forRun().numConditions]).toEqual([1, true, 1])
  guider.enable()
  expect(guider.numConditions).toBe(2)
})

test('copies for runs do not meet', () => {
  const guider = new ClassifierFreeGuidance({ stop: 0.5 })
  expect(isRunScoped(guider)).toBe(true)
  const [a, b] = [guider.forRun(), guider.forRun({ seed: 1 })]
  expect(a).toBeInstanceOf(ClassifierFreeGuidance)
  a.setState(4, 5, 0)
  b.setState(1, 5, 0)
  expect([a.numConditions, b.numConditions, guider.getState().step]).toEqual([1, 2, undefined])
})

test('new makes one with changes', () => {
  const guider: BaseGuidance = new ClassifierFreeGuidance({ guidanceScale: 3, start: 0.1 })
  const changed = guider.new({ guidanceScale: 5, guidance_rescale: 0.5 })
  expect(changed).toBeInstanceOf(ClassifierFreeGuidance)
  expect(changed.config).toMatchObject({ guidanceScale: 5, guidanceRescale: 0.5, start: 0.1 })
  expect(guider.config).toMatchObject({ guidanceScale: 3 })
  expect(guider.new().config).toEqual(guider.config)
})

describe('refuses', () => {
  const guider = new ClassifierFreeGuidance()

  test('settings that there are not', () => {
    expect(() => guider.new({ guidanceScael: 5 })).toThrow(GuiderArgumentError)
    expect(() => guider.new({ guidanceScael: 5 })).toThrow(
      /"guidanceScael" is not a setting; there are .*"guidanceScale"/,
    )
  })

  test('an input that lacks the second condition', () => {
    const prompt = tf.scalar(1)
    expect(() => guider.prepareInputs({ promptEmbeds: { cond: prompt, uncond: undefined } })).toThrow(
      'ClassifierFreeGuidance: the input "promptEmbeds" has no value for the prediction "predUncond".',
    )
    expect(() => guider.prepareInputs({ promptEmbeds: { cond: undefined } })).not.toThrow()
    prompt.dispose()
  })

  test('more or fewer batches than conditions', () => {
    expect(() => guider.call([])).toThrow('batches must be 2, those of prepareInputs(), but are 0')
  })

  test('batches without a prediction', () => {
    expect(() => guider.call(guider.prepareInputs({}))).toThrow('the batch of "predCond" has no noisePred')
  })
})

describe('loading', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'guider-'))
  })
  afterEach(() => {
    rmSync(folder, { recursive: true })
  })

  test('the base class makes the class that is named, and by default classifier-free guidance', () => {
    expect(BaseGuidance.fromConfig({})).toBeInstanceOf(ClassifierFreeGuidance)
    const named = BaseGuidance.fromConfig({ _class_name: 'ClassifierFreeGuidance', guidance_scale: 4 })
    expect(named.config).toMatchObject({ guidanceScale: 4 })
    expect(() => BaseGuidance.fromConfig({ _class_name: 'ClassifierFreeGuide' })).toThrow(UnknownGuiderError)
    expect(() => BaseGuidance.fromConfig({ _class_name: 'ClassifierFreeGuide' })).toThrow(
      /There is no guider "ClassifierFreeGuide"\. Did you mean "ClassifierFreeGuidance"\? Known: .*"ClassifierFreeGuidance"/,
    )
  })

  test('reads guider_config.json', async () => {
    await expect(BaseGuidance.fromPretrained(folder)).rejects.toThrow(MissingFileError)
    writeFileSync(
      join(folder, 'guider_config.json'),
      '{"_class_name": "ClassifierFreeGuidance", "guidance_scale": 2.5}',
    )
    expect((await BaseGuidance.fromPretrained(folder)).config).toMatchObject({ guidanceScale: 2.5 })
    const other = ClassifierFreeGuidance.fromPretrained(folder, { className: 'AutoGuidance' })
    await expect(other).rejects.toThrow(ComponentClassError)
  })

  test('guider classes can stand behind components', () => {
    const own: ComponentClass<ClassifierFreeGuidance> = ClassifierFreeGuidance
    const base: ComponentClass<BaseGuidance> = BaseGuidance
    expect([own.name, base.name]).toEqual(['ClassifierFreeGuidance', 'BaseGuidance'])
  })
})
