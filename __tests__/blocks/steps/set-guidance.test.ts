import { guiderOptions } from '../../../blocks/steps/guider-options'
import {
  BaseGuidance,
  Block,
  ClassifierFreeGuidance,
  type ClassifierFreeGuidanceConfig,
  Component,
  FrequencyDecoupledGuidance,
  ModularPipelineBlocks,
  type Out,
  Output,
  PipelineValidationError,
  SequentialPipelineBlocks,
  SetGuidance,
} from '../../../index'
import { useLeakCheck } from '../../components/tensors/use-leak-check'
import { failureOf } from '../use-emoji-model'

@Block({ description: 'Shows the settings that the blocks after SetGuidance find.' })
class ReadGuider extends ModularPipelineBlocks {
  @Component(BaseGuidance, guiderOptions) guider!: BaseGuidance
  @Output() settings!: Out<ClassifierFreeGuidanceConfig>
  @Output() isEnabled!: Out<boolean>

  run() {
    this.settings = this.guider.config as ClassifierFreeGuidanceConfig
    this.isEnabled = this.guider.getState().enabled
  }
}

useLeakCheck()

const pipe = SequentialPipelineBlocks.fromBlocksDict({ set: SetGuidance, read: ReadGuider }).initPipeline()
const settingsOf = (inputs: Record<string, unknown>) =>
  pipe<ClassifierFreeGuidanceConfig>(inputs, { output: 'settings' })

describe('SetGuidance', () => {
  test("leaves the guider's own settings where nothing is asked for", async () => {
    expect(await settingsOf({})).toMatchObject({ guidanceScale: 7.5, guidanceRescale: 0 })
  })

  test.each([
    [{ guidanceScale: 3 }, { guidanceScale: 3, guidanceRescale: 0 }],
    [{ guidanceRescale: 0.7 }, { guidanceScale: 7.5, guidanceRescale: 0.7 }],
    [
      { guidanceScale: 1, guidanceRescale: 1 },
      { guidanceScale: 1, guidanceRescale: 1 },
    ],
  ])('sets %j for this run', async (inputs, expected) => {
    expect(await settingsOf(inputs)).toMatchObject(expected)
  })

  test.each([
    [new ClassifierFreeGuidance(), { guidanceScale: 0 }, { guidanceScale: 1 }],
    [new ClassifierFreeGuidance(), { guidanceScale: 0.5 }, { guidanceScale: 1 }],
    [new ClassifierFreeGuidance({ guidanceScale: 0.5 }), {}, { guidanceScale: 1 }],
    [new ClassifierFreeGuidance({ useOriginalFormulation: true }), { guidanceScale: 0.5 }, { guidanceScale: 0.5 }],
    [new ClassifierFreeGuidance({ useOriginalFormulation: true, guidanceScale: -1 }), {}, { guidanceScale: 0 }],
    [new FrequencyDecoupledGuidance({ guidanceScales: [0.5, 0] }), {}, { guidanceScales: [1, 1] }],
    [new FrequencyDecoupledGuidance({ guidanceScales: [5, 0] }), {}, { guidanceScales: [5, 0] }],
  ])('guides by the prompt alone where the scale is too small: %#', async (guider, inputs, expected) => {
    const own = SequentialPipelineBlocks.fromBlocksDict({ set: SetGuidance, read: ReadGuider }).initPipeline()
    own.updateComponents({ guider })
    expect(await own(inputs, { output: 'settings' })).toMatchObject(expected)
    expect((own.components.guider as BaseGuidance).config).toBe(guider.config)
  })

  test('leaves a guider disabled that the caller has disabled', async () => {
    const guider = new ClassifierFreeGuidance()
    guider.disable()
    const own = SequentialPipelineBlocks.fromBlocksDict({ set: SetGuidance, read: ReadGuider }).initPipeline()
    own.updateComponents({ guider })
    expect(await own({ guidanceScale: 5 }, { output: 'isEnabled' })).toBe(false)
  })

  test('keeps the other settings of a guider of the caller', async () => {
    const guider = new ClassifierFreeGuidance({ guidanceScale: 5, start: 0.2, useOriginalFormulation: true })
    const own = SequentialPipelineBlocks.fromBlocksDict({ set: SetGuidance, read: ReadGuider }).initPipeline()
    own.updateComponents({ guider })
    const settings = await own({ guidanceScale: 2 }, { output: 'settings' })
    expect(settings).toEqual({ ...guider.config, guidanceScale: 2 })
  })

  test('leaves the guider of the pipeline, and of other runs, as it is', async () => {
    const scales = [1, 2, 3, undefined]
    const seen = await Promise.all(scales.map(guidanceScale => settingsOf({ guidanceScale })))
    expect(seen.map(settings => settings.guidanceScale)).toEqual([1, 2, 3, 7.5])
    expect((pipe.components.guider as ClassifierFreeGuidance).config.guidanceScale).toBe(7.5)
  })

  test.each([
    ['guidanceScale', { guidanceScale: -1 }, '>=0'],
    ['guidanceScale', { guidanceScale: Number.NaN }, 'expected number'],
    ['guidanceScale', { guidanceScale: '4' }, 'the string "4"'],
    ['guidanceRescale', { guidanceRescale: 1.5 }, '<=1'],
  ])('refuses a wrong %s: %j', async (input, inputs, message) => {
    const error = await failureOf(settingsOf(inputs))
    expect(error).toBeInstanceOf(PipelineValidationError)
    expect((error as PipelineValidationError).issues).toEqual([expect.objectContaining({ code: 'INPUT_TYPE', input })])
    expect((error as Error).message).toContain(message)
  })
})
