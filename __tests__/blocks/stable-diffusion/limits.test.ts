import { StableDiffusionTextToImageBlocks } from '../../../blocks'
import { InsufficientMemoryError, type LimitExceededError, PipelineValidationError } from '../../../src'
import { expectWarnings } from '../../expected-warnings'
import { failure } from '../../src/fixtures/failures'

expectWarnings('VAE_TILED')

describe('limits of text to image', () => {
  const pipe = new StableDiffusionTextToImageBlocks().initPipeline('models/emoji')

  beforeAll(async () => {
    await pipe.loadComponents()
  })

  afterAll(() => pipe.dispose())

  test('refuse sizes, images and steps before anything is computed', async () => {
    pipe.limits = { maxPixels: 64 * 64, maxImages: 4, maxSteps: 25 }
    const inputs = { prompt: ['red apple', 'rocket'], numImagesPerPrompt: 3, width: 128, numInferenceSteps: 26 }
    const blocks: string[] = []
    const onEvent = ({ type }: { type: string }) => void blocks.push(type)
    const { issues } = await failure(PipelineValidationError, () => pipe(inputs, { onEvent }))
    const found = issues.map(issue => {
      const { limit, asked } = issue as LimitExceededError
      return [issue.path.join(), limit, asked]
    })
    expect(found).toEqual([
      ['prepareLatents', 'maxPixels', 8192],
      ['encodePrompt', 'maxImages', 6],
      ['setTimesteps', 'maxSteps', 26],
    ])
    expect(blocks).toEqual(['runStart'])
  })

  test('count timesteps and sigmas that are passed', async () => {
    pipe.limits = { maxSteps: 2 }
    const inputs = { prompt: 'red apple', timesteps: [900, 600, 300] }
    const { issues } = await failure(PipelineValidationError, () => pipe(inputs))
    expect(issues[0]).toMatchObject({ limit: 'maxSteps', asked: 3 })
  })

  test('take the size of the model if none is passed', async () => {
    pipe.limits = { maxPixels: 64 * 64 - 1 }
    const { issues } = await failure(PipelineValidationError, () => pipe({ prompt: 'red apple' }))
    expect(issues[0]).toMatchObject({ limit: 'maxPixels', asked: 64 * 64 })
  })

  test('of memory refuse what cannot fit', async () => {
    pipe.limits = {}
    const { issues } = await failure(PipelineValidationError, () =>
      pipe({ prompt: 'red apple', width: 2 ** 17, height: 2 ** 17 }),
    )
    expect(issues).toEqual([expect.any(InsufficientMemoryError)])
    expect(issues[0]?.path).toEqual(['denoise', 'predictNoise'])
  })
})
