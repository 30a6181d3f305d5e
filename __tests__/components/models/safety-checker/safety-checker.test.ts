import * as tf from '@tensorflow/tfjs'
import { Image } from '../../../../components/images/image'
import { ModelInputError } from '../../../../components/models/model-input-error'
import { scoreConcepts } from '../../../../components/models/safety-checker/concept-scores'
import { StableDiffusionSafetyChecker } from '../../../../components/models/safety-checker/stable-diffusion-safety-checker'
import { GoldenCase } from '../../../../testing/goldens/golden-case'
import { toTensor } from '../../../../testing/goldens/layout'
import { goldenFolder } from '../golden-model-case'
import { useBackend } from '../use-backend'

useBackend('wasm')

async function recordedInput(): Promise<tf.Tensor4D> {
  const json = { tensors: { 'in.clip_input': {} } }
  const golden = await GoldenCase.open('models', 'safety_checker', goldenFolder('safety_checker'), json)
  const tensor = toTensor(await golden.tensor('in.clip_input')) as tf.Tensor4D
  await golden.close()
  return tensor
}

describe('StableDiffusionSafetyChecker', () => {
  let warnings: jest.SpyInstance
  beforeEach(() => {
    warnings = jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined)
  })
  afterEach(() => warnings.mockRestore())

  test('gives black pictures for those that it flags, leaves the others as they are, and warns', async () => {
    const checker = await StableDiffusionSafetyChecker.fromPretrained(goldenFolder('safety_checker'))
    const clipInput = await recordedInput()
    const given = Array.from(
      { length: 4 },
      (_, i) => new Image({ width: 2, height: 1, channels: 3, data: new Uint8Array(6).fill(10 + i) }),
    )
    const { images, hasNsfwConcepts } = await checker.call({ clipInput, images: given })
    expect(hasNsfwConcepts).toEqual([true, true, false, false])
    expect(images.map(({ data }) => data[0])).toEqual([0, 0, 12, 13])
    expect(given.map(({ data }) => data[0])).toEqual([10, 11, 12, 13])
    expect(warnings.mock.calls).toEqual([
      [
        '2 of 4 pictures may show sexual content, so black is shown instead. Change the prompt or the seed and try again.',
        { type: 'TesseraeWarning', code: 'UNSAFE_PICTURE' },
      ],
    ])
    clipInput.dispose()
    checker.dispose()
  })

  test('blackens tensors too, whatever they hold', async () => {
    const checker = await StableDiffusionSafetyChecker.fromPretrained(goldenFolder('safety_checker'))
    const clipInput = await recordedInput()
    const pixels = tf.tensor4d([Number.NaN, 1, 2, 3], [4, 1, 1, 1])
    const { images } = await checker.call({ clipInput, images: pixels })
    expect([...images.dataSync()]).toEqual([0, 0, 2, 3])
    tf.dispose([clipInput, pixels, images])
    checker.dispose()
  })

  test('refuses another number of pictures than of inputs', async () => {
    const checker = StableDiffusionSafetyChecker.fromConfig({ vision_config: { image_size: 32 } })
    const clipInput = tf.zeros<tf.Rank.R4>([2, 32, 32, 3])
    await expect(checker.call({ clipInput, images: [] })).rejects.toThrow(ModelInputError)
    clipInput.dispose()
  })

  test('names the settings that it does not know, and not those of the text model', () => {
    StableDiffusionSafetyChecker.fromConfig({ text_config: { hidden_size: 4 }, vision_config: {}, projection: 3 })
    expect(warnings.mock.calls.map(([message]) => message)).toEqual([
      'config: StableDiffusionSafetyChecker ignores the unknown setting "projection" (3).',
    ])
  })
})

describe('scores', () => {
  const none = { cosines: [], thresholds: [] }

  test('are rounded to thousandths before they are compared with zero, halves to even', () => {
    const flagged = (cosine: number) => scoreConcepts(none, { cosines: [cosine], thresholds: [0] }).isFlagged
    expect([0.0004, 0.0005, 0.0006, -0.1].map(flagged)).toEqual([false, false, true, false])
  })

  test('are higher by 0.01 once a special concept is found, for the special ones that follow too', () => {
    const special = { cosines: [0.5, 0.5], thresholds: [0.4, 0.505] }
    const concepts = { cosines: [0.3], thresholds: [0.305] }
    const { special: found, concepts: scores, isFlagged } = scoreConcepts(special, concepts)
    expect(found).toEqual([0.1, 0.005].map(Math.fround))
    expect(scores).toEqual([0.005].map(Math.fround))
    expect(isFlagged).toBe(true)
    expect(scoreConcepts(none, concepts).isFlagged).toBe(false)
  })
})
