import { DeclarationError, InputParam, OutputParam } from '../../../src'
import { failure } from '../fixtures/failures'

const embeds = ['promptEmbeds', 'promptEmbedsMask', 'negativePromptEmbeds', 'negativePromptEmbedsMask']

describe('InputParam.template', () => {
  test.each(['prompt', 'image', 'maskImage', 'controlImage', 'promptEmbeds', 'promptEmbedsMask', 'imageLatents'])(
    'requires %s',
    key => {
      expect(InputParam.template(key)).toMatchObject({ name: key, required: true, default: undefined })
    },
  )

  test.each([
    ['maxSequenceLength', 512],
    ['numInferenceSteps', 50],
    ['numImagesPerPrompt', 1],
    ['strength', 0.9],
    ['outputType', 'pil'],
    ['controlGuidanceStart', 0],
    ['controlGuidanceEnd', 1],
    ['controlnetConditioningScale', 1],
    ['layers', 4],
    ['batchSize', 1],
    ['dtype', 'float32'],
  ])('gives %s the default %p', (key, value) => {
    expect(InputParam.template(key)).toMatchObject({ name: key, required: false, default: value })
  })

  test.each([
    'negativePrompt',
    'height',
    'width',
    'generator',
    'sigmas',
    'latents',
    'timesteps',
    'attentionKwargs',
    'paddingMaskCrop',
    'negativePromptEmbeds',
    'negativePromptEmbedsMask',
  ])('neither requires %s nor gives it a default', key => {
    const input = InputParam.template(key)
    expect(input).toMatchObject({ name: key, required: false, default: undefined })
    expect(input.description).not.toBe('')
  })

  test('makes a group of the inputs of the denoiser', () => {
    expect(InputParam.template('denoiserInputFields')).toMatchObject({ name: null, kwargsType: 'denoiserInputFields' })
  })

  test('appends a note to its description, and lets overrides win', () => {
    const plain = InputParam.template('height').description
    expect(InputParam.template('height', { note: 'by default 512' }).description).toBe(`${plain} (by default 512)`)
    const input = InputParam.template('height', {
      note: 'a note',
      description: 'own words',
      default: 512,
      required: true,
    })
    expect(input).toMatchObject({ name: 'height', description: 'own words', default: 512, required: true })
    expect(InputParam.template('image', { name: 'controlImage' }).name).toBe('controlImage')
  })

  test('says which templates there are when asked for another', async () => {
    const error = await failure(DeclarationError, () => InputParam.template('promt'))
    expect(error.message).toMatch(
      /^InputParam\.template\("promt"\): no such template exists. Known templates: prompt, /,
    )
    await failure(DeclarationError, () => InputParam.template('toString'))
  })
})

describe('OutputParam.template', () => {
  test('has the results of a pipeline', () => {
    expect(OutputParam.template('images')).toMatchObject({ name: 'images', typeHint: 'Image[]' })
    expect(OutputParam.template('latents', { note: 'after the last step' }).description).toMatch(
      /\(after the last step\)$/,
    )
  })

  test.each(embeds)('tags %s as an input of the denoiser', key => {
    expect(OutputParam.template(key)).toMatchObject({ name: key, kwargsType: 'denoiserInputFields' })
  })

  test('says so when there is none', async () => {
    const error = await failure(DeclarationError, () => OutputParam.template('prompt'))
    expect(error.message).toMatch(/^OutputParam\.template\("prompt"\): no such template exists/)
  })
})

test('an output prints with its type', () => {
  expect(String(OutputParam.template('images'))).toBe('<images: Image[]>')
  expect(String(new OutputParam({ name: 'x' }))).toBe('<x: any>')
})
