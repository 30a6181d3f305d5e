/** Options of `generate` for pipelines of any family. */
import { z } from 'zod'
import { callInputs } from '../../cli/call-inputs'
import type { Pictures } from '../../cli/read-pictures'
import { requireComponent } from '../../cli/require-component'
import { UnfitOptionError } from '../../cli/unfit-option-error'
import { withUsedStrength } from '../../cli/used-strength'
import {
  BaseGuidance,
  Block,
  Component,
  type In,
  Input,
  ModularPipelineBlocks,
  type Out,
  Output,
  StableDiffusionAutoBlocks,
  StableDiffusionInpaintBlocks,
  StableDiffusionTextToImageBlocks,
  StableDiffusionXLAutoBlocks,
} from '../../index'
import { countingImage } from '../components/images/pictures'

@Block({ description: 'Draws in few steps, without guidance.' })
class FewSteps extends ModularPipelineBlocks {
  @Component(BaseGuidance, { config: {} }) guider!: BaseGuidance
  @Input(z.string()) prompt!: In<string, 'required'>
  @Input(z.int().default(4)) numInferenceSteps!: In<number>
  @Output(z.array(z.string())) images!: Out<string[]>

  run() {
    this.images = [this.prompt]
  }
}

@Block({ description: 'Counts words.' })
class CountWords extends ModularPipelineBlocks {
  @Input(z.string()) prompt!: In<string, 'required'>
  @Output(z.number()) words!: Out<number>

  run() {
    this.words = this.prompt.split(' ').length
  }
}

const fewSteps = () => new FewSteps().initPipeline()

test('options are inputs, and those that were not given have defaults', () => {
  const pipe = new StableDiffusionTextToImageBlocks().initPipeline()
  expect(callInputs(pipe, 'a cat', {})).toEqual({
    prompt: 'a cat',
    numInferenceSteps: 25,
    guidanceScale: 4,
    width: undefined,
    height: undefined,
  })
  const given = { negative: 'dog', steps: 3, guidance: 7, size: { width: 32, height: 16 } }
  expect(callInputs(pipe, 'a cat', given)).toEqual({
    prompt: 'a cat',
    negativePrompt: 'dog',
    numInferenceSteps: 3,
    guidanceScale: 7,
    width: 32,
    height: 16,
  })
  // A guider that is named keeps its own scale.
  expect(callInputs(pipe, 'a cat', { guider: 'pag' })).toMatchObject({ guidanceScale: undefined })
})

test('pictures and their strength are inputs', () => {
  const pipe = new StableDiffusionAutoBlocks().initPipeline()
  const pictures = { image: countingImage(2, 2), maskImage: countingImage(2, 2, 1) }
  expect(callInputs(pipe, 'a cat', { strength: 0.5 }, pictures)).toMatchObject({ ...pictures, strength: 0.5 })
  expect(() => callInputs(pipe, 'a cat', { strength: 0.5 })).toThrow('--strength: there is no picture to change.')
})

test('the strength of a call is reported if none is given: that of the blocks that run', () => {
  const [image, maskImage] = [countingImage(2, 2), countingImage(2, 2, 1)]
  const strengthOf = (blocks: ModularPipelineBlocks, pictures: Pictures, strength?: number) => {
    const pipe = blocks.initPipeline()
    const inputs = callInputs(pipe, 'a cat', { ...(strength !== undefined && { strength }) }, pictures)
    return withUsedStrength(pipe, inputs).strength
  }
  expect(strengthOf(new StableDiffusionAutoBlocks(), { image })).toBe(0.8)
  expect(strengthOf(new StableDiffusionAutoBlocks(), { image, maskImage })).toBe(1)
  expect(strengthOf(new StableDiffusionAutoBlocks(), { image }, 0.5)).toBe(0.5)
  expect(strengthOf(new StableDiffusionAutoBlocks(), {})).toBeUndefined()
  expect(strengthOf(new StableDiffusionXLAutoBlocks(), { image, maskImage })).toBe(0.3)
  expect(strengthOf(new StableDiffusionInpaintBlocks(), { image, maskImage })).toBe(1)
  expect(withUsedStrength(fewSteps(), { prompt: 'a cat', image }).strength).toBeUndefined()
})

test('a pipeline is called with what it takes', () => {
  expect(callInputs(fewSteps(), 'a cat', {})).toEqual({ prompt: 'a cat', numInferenceSteps: 25 })
})

test.each([
  [{ guidance: 3 }, '--guidance: this pipeline has no input guidanceScale. It takes prompt, numInferenceSteps.'],
  [{ negative: 'dog' }, '--negative: this pipeline has no input negativePrompt.'],
  [{ size: { width: 8, height: 8 } }, '--size: this pipeline has no input width.'],
  [{ prompt2: 'a cat' }, '--prompt2: this pipeline has no input prompt2.'],
  [{ negative2: 'dog' }, '--negative2: this pipeline has no input negativePrompt2.'],
])('%j is refused by a pipeline that has no input for it', (options, message) => {
  expect(() => callInputs(fewSteps(), 'a cat', options)).toThrow(UnfitOptionError)
  expect(() => callInputs(fewSteps(), 'a cat', options)).toThrow(message)
})

test.each([
  [{ image: countingImage(2, 2) }, '--image: this pipeline has no input image.'],
  [{ maskImage: countingImage(2, 2) }, '--mask: this pipeline has no input maskImage.'],
])('a picture is refused by a pipeline that has no input for it', (pictures, message) => {
  expect(() => callInputs(fewSteps(), 'a cat', {}, pictures)).toThrow(message)
})

test('a pipeline that draws no pictures is refused', () => {
  expect(() => callInputs(new CountWords().initPipeline(), 'a cat', {})).toThrow('its pipeline has no output images')
})

test('a component is replaced where the pipeline has it', () => {
  expect(requireComponent(fewSteps(), '--guider', 'guider').name).toBe('guider')
  expect(() => requireComponent(fewSteps(), '--scheduler', 'scheduler')).toThrow(
    '--scheduler: this pipeline has no component scheduler. It has guider. Leave the option out.',
  )
})
